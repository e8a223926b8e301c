"""Quanyi (权益): the nouns that every room shares. Rules and models here import neither boto3 nor HTTP."""
