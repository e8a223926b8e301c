"""The local edge: the pages of `web/` and the API on one origin, as CloudFront serves them in production."""
