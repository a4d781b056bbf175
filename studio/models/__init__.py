"""The model library: catalog of installed models, file headers, hashes and downloads."""
