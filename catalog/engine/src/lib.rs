//! Life of an entity: ingestion, processing, stitching, query and index.
