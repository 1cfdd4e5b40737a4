"""The template and the packages that are deployed from it."""
