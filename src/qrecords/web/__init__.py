"""The desk: the office in a browser. Parses requests, calls one service each, words the answer."""
