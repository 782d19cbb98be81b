//! What runs and who calls whom, joined to the catalog: placements, topology, drift.
