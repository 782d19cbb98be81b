//! Prints the queries that recordings are found by: a name, a tab, the PromQL.
//!
//! `cargo run -p callboard-plugin-mesh --example queries > plugins/mesh/queries.txt`
#![expect(clippy::print_stdout, reason = "the output is the file")]

use callboard_plugin::MetricsWindow;
use callboard_plugin_mesh::Question;

fn main() {
    for window in MetricsWindow::ALL {
        for question in Question::of(window) {
            println!("{}\t{}", name(*question), question.query(&[]).promql);
        }
    }
}

fn name(question: Question) -> String {
    match question {
        Question::Requests(window) => format!("requests {}", window.promql()),
        Question::Latencies(window) => format!("latencies {}", window.promql()),
        Question::UnmeshedCallers(window) => format!("unmeshed-callers {}", window.promql()),
        Question::Connections => "connections now".to_owned(),
        Question::Gateways => "gateways now".to_owned(),
        Question::Presence => "presence now".to_owned(),
    }
}
