"""The API's reference, to read and to try out in a browser. Not in a production stage."""
