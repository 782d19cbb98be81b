//! What runs in each cluster: one watcher per cluster keeps an index of plain data up to date.
