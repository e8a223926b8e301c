"""The lake: facts as files, written as they come and put together at night."""
