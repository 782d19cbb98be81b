//! Integration, architecture and attack tests.

pub mod engine;
pub mod fault_proxy;
pub mod ground_truth;
pub mod guarded_process;
pub mod kubernetes;
pub mod linkerd_emulator;
pub mod metrics_proxy;
pub mod postgres;
pub mod prometheus;
pub mod web_server;
