"""Analytics (分析): reports over all facts, each number by one SQL file."""
