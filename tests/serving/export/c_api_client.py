"""Loads a SavedModel with TensorFlow's C library and writes the string outputs for some int64 inputs to files.

`python c_api_client.py LIBRARY_DIR VERSION_DIR INPUT_TENSOR OUTPUT_TENSOR OUTPUT_DIR NUMBER...`; uses ctypes alone.
"""

import ctypes
import sys
from pathlib import Path

TF_STRING, TF_INT64 = 7, 9  # tensorflow/c/tf_datatype.h
TSTRING_SIZE = 24  # bytes of a TF_TString, tensorflow/core/platform/ctstring_internal.h


class Output(ctypes.Structure):
    """TF_Output."""

    _fields_ = [("oper", ctypes.c_void_p), ("index", ctypes.c_int)]


def load_library(directory):
    """The C API: its tensors lie in the framework library, its sessions in the other."""
    framework = ctypes.CDLL(str(directory / "libtensorflow_framework.so.2"), ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(directory / "libtensorflow_cc.so.2"), ctypes.RTLD_GLOBAL)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64
    kinds = {
        "TF_NewStatus": (pointer, []),
        "TF_GetCode": (ctypes.c_int, [pointer]),
        "TF_Message": (text, [pointer]),
        "TF_NewGraph": (pointer, []),
        "TF_NewSessionOptions": (pointer, []),
        "TF_LoadSessionFromSavedModel": (pointer, [pointer, pointer, text, pointer, ctypes.c_int, *[pointer] * 3]),
        "TF_GraphOperationByName": (pointer, [pointer, text]),
        "TF_AllocateTensor": (pointer, [ctypes.c_int, pointer, ctypes.c_int, ctypes.c_size_t]),
        "TF_TensorData": (pointer, [pointer]),
        "TF_TensorType": (ctypes.c_int, [pointer]),
        "TF_NumDims": (ctypes.c_int, [pointer]),
        "TF_Dim": (number, [pointer, ctypes.c_int]),
        "TF_SessionRun": (
            None,
            [
                pointer,
                *[pointer] * 3,
                ctypes.c_int,
                *[pointer] * 2,
                ctypes.c_int,
                pointer,
                ctypes.c_int,
                *[pointer] * 2,
            ],
        ),
        "TF_StringGetDataPointer": (pointer, [pointer]),
        "TF_StringGetSize": (ctypes.c_size_t, [pointer]),
        "TF_CloseSession": (None, [pointer, pointer]),
        "TF_DeleteSession": (None, [pointer, pointer]),
    }
    functions = {}
    for name, (result, arguments) in kinds.items():
        function = getattr(library, name, None) or getattr(framework, name)
        function.restype, function.argtypes = result, arguments
        functions[name] = function
    return functions


def main(library_directory, version, input_name, output_name, output_directory, *numbers):
    """Loads, runs once, writes one file for each output."""
    c = load_library(Path(library_directory))
    status, graph = c["TF_NewStatus"](), c["TF_NewGraph"]()

    def check():
        if c["TF_GetCode"](status):
            sys.exit(c["TF_Message"](status).decode())

    tags = (ctypes.c_char_p * 1)(b"serve")
    session = c["TF_LoadSessionFromSavedModel"](
        c["TF_NewSessionOptions"](), None, version.encode(), tags, 1, graph, None, status
    )
    check()

    def output(name):
        operation, _, index = name.partition(":")
        found = c["TF_GraphOperationByName"](graph, operation.encode())
        assert found, f"no operation {operation}"
        return Output(found, int(index))

    count = len(numbers)
    feed = c["TF_AllocateTensor"](TF_INT64, (ctypes.c_int64 * 1)(count), 1, 8 * count)
    ctypes.memmove(c["TF_TensorData"](feed), (ctypes.c_int64 * count)(*map(int, numbers)), 8 * count)
    result = (ctypes.c_void_p * 1)()
    inputs, outputs = (Output * 1)(output(input_name)), (Output * 1)(output(output_name))
    feeds = (ctypes.c_void_p * 1)(feed)
    c["TF_SessionRun"](session, None, inputs, feeds, 1, outputs, result, 1, None, 0, None, status)
    check()
    assert c["TF_TensorType"](result[0]) == TF_STRING
    assert (c["TF_NumDims"](result[0]), c["TF_Dim"](result[0], 0)) == (1, count)
    data = c["TF_TensorData"](result[0])
    Path(output_directory).mkdir()
    for index in range(count):
        item = data + index * TSTRING_SIZE
        content = ctypes.string_at(c["TF_StringGetDataPointer"](item), c["TF_StringGetSize"](item))
        (Path(output_directory) / f"{index:04d}.png").write_bytes(content)
    c["TF_CloseSession"](session, status)
    c["TF_DeleteSession"](session, status)
    print(*sorted({name.partition(".")[0] for name in sys.modules}))


if __name__ == "__main__":
    main(*sys.argv[1:])
