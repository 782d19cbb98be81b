//! Where descriptors come from: files and URLs.
