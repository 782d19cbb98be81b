//! Backstage's REST wire.
