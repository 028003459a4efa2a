"""The memorization audit: are generated images copies of scans?"""
