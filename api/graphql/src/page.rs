//! The paging arguments of connections.

use crate::error::FieldError;

/// Items of a page where neither `first` nor `last` is given.
pub(crate) const DEFAULT_PAGE: i32 = 20;
/// The largest page.
pub(crate) const MAX_PAGE: i32 = 500;

/// Which way a page is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PageStart {
    /// After this cursor, or from the beginning.
    After(Option<String>),
    /// Before this cursor, or from the end.
    Before(Option<String>),
}

/// A page that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// Where it starts.
    pub(crate) start: PageStart,
    /// At most this many items.
    pub(crate) size: usize,
}

/// The four arguments as they were given.
#[derive(Debug, Default)]
pub(crate) struct PageArguments {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl PageArguments {
    /// `first` and `after` alone.
    pub(crate) fn forward(first: Option<i32>, after: Option<String>) -> Self {
        Self { first, after, ..Self::default() }
    }

    /// Checks them.
    ///
    /// # Errors
    ///
    /// [`FieldError`] for a size out of range and for both directions at once.
    pub(crate) fn checked(self) -> Result<PageRequest, FieldError> {
        let Self { first, after, last, before } = self;
        let is_backward = last.is_some() || before.is_some();
        if is_backward && first.is_some() {
            return Err(FieldError::Exclusive("first", "last and before"));
        }
        if is_backward && after.is_some() {
            return Err(FieldError::Exclusive("after", "last and before"));
        }
        if is_backward {
            let size = size("last", last)?;
            return Ok(PageRequest { start: PageStart::Before(before), size });
        }
        Ok(PageRequest { start: PageStart::After(after), size: size("first", first)? })
    }
}

fn size(argument: &'static str, given: Option<i32>) -> Result<usize, FieldError> {
    let given = given.unwrap_or(DEFAULT_PAGE);
    let error = FieldError::PageSize { argument, given, limit: MAX_PAGE };
    if given > MAX_PAGE {
        return Err(error);
    }
    usize::try_from(given).map_err(|_| error)
}
