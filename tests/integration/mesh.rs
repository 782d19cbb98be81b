//! The mesh and its metrics against a real Prometheus, which scrapes an emulator of Linkerd's
//! proxies that is fed by a ground truth.

#[cfg(test)]
mod mesh {
    mod absence;
    mod faults;
    mod fixture;
    mod ground_truth;
    mod hostile;
    mod recordings;
}
