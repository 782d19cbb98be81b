//! Standard output, whose reader may have seen enough (`callboard schema config | head`).

use std::io::{self, Write};

/// Prints `text` and ends its line.
///
/// # Errors
///
/// If standard output cannot be written to, unless it was closed: that is no failure.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    unless_closed(print_to(&mut io::stdout().lock(), text))
}

fn print_to(output: &mut dyn Write, text: &str) -> anyhow::Result<()> {
    writeln!(output, "{text}")?;
    output.flush()?;
    Ok(())
}

/// `written`, where a reader that went away is no failure.
fn unless_closed(written: anyhow::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if is_closed(&error) => Ok(()),
        written => written,
    }
}

/// Whether `error` says that nobody reads standard output any more.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let kind = match error.downcast_ref::<serde_json::Error>() {
        Some(error) => error.io_error_kind(),
        None => error.downcast_ref::<io::Error>().map(io::Error::kind),
    };
    kind == Some(io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Standard output of which nothing is read any more, or that fails for another reason.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        let mut closed = Failing(io::ErrorKind::BrokenPipe);
        assert!(unless_closed(print_to(&mut closed, "x")).is_ok());
        let json = serde_json::to_writer(&mut closed, "x").map_err(anyhow::Error::from);
        assert!(unless_closed(json).is_ok());
    }

    #[test]
    fn a_full_disk_is_a_failure() {
        let mut full = Failing(io::ErrorKind::StorageFull);
        assert!(unless_closed(print_to(&mut full, "x")).is_err());
    }
}
