"""The model library: which models exist, their headers, hashes and downloads."""
