"""Pieces of markup that the report is put together from."""

import base64
from collections.abc import Sequence
from html import escape

from tfgan_thyroid import __version__
from tfgan_thyroid.evaluation.report.figures import Picture
from tfgan_thyroid.evaluation.report.style import STYLE


def quoted(text: str) -> str:
    """An attribute's value."""
    return f'"{escape(text)}"'


def number(value: float | None) -> str:
    """Four digits, or a dash."""
    return "&ndash;" if value is None else f"{value:.4g}".replace("-", "&minus;")


def figure(picture: Picture) -> str:
    """A picture in the theme of the page, with its caption."""
    light, dark = (base64.b64encode(png).decode() for png in (picture.light, picture.dark))
    image = f'<img src="data:image/png;base64,{light}" alt={quoted(picture.alt)} loading="lazy">'
    if picture.dark != picture.light:
        source = f'<source media="(prefers-color-scheme: dark)" srcset="data:image/png;base64,{dark}">'
        image = f"<picture>{source}{image}</picture>"
    return f"<figure>{image}<figcaption>{escape(picture.caption)}</figcaption></figure>"


def table(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose rows start with a heading, in a frame that scrolls on a narrow screen."""
    head = "".join(f"<th scope=col>{heading}</th>" for heading in headings)
    body = "".join(
        f"<tr><th scope=row>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows
    )
    return (
        f"<div class=scroll tabindex=0 role=region aria-label={quoted(caption)}><table><caption>{escape(caption)}"
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def page(title: str, head: str, sections: Sequence[str]) -> str:
    """A whole page: what every report looks like, with links to its sections."""
    links = "".join(
        f'<li><a href="#{_between(part, "id=", ">")}">{_between(part, "<h2>", "</h2>")}</a></li>' for part in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#content">Skip to the results</a>\n{head}\n'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main id="content">\n'
        + "\n".join(sections)
        + f"\n</main>\n<footer>tfgan-thyroid {__version__}. Generated images show nobody and are no evidence of any "
        "finding. Real scans are shown for comparison: keep this page as you keep the scans.</footer>\n</body>\n"
        "</html>\n"
    )


def _between(text: str, start: str, end: str) -> str:
    return text.split(start, 1)[1].split(end, 1)[0].strip('"')
