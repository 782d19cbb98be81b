//! Words of the catalog: entities, refs, kinds, validation and descriptors.
