"""Measurements, each a ratio against something named in the same run; results are kept in docs/performance.md."""
