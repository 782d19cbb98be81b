//! What every route shares: caller, errors, limits, headers.
