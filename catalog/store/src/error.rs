//! From the drivers' errors to [`StoreError`].

use callboard_catalog::store::StoreError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// SQLSTATE classes and codes after which trying again may help: connection lost (08), resources
/// (53), shut down or starting (57P0x), system error (58), conflict with another transaction (40),
/// lock not free (55P03), idle for too long inside a transaction (25P03).
const PASSING_STATES: [&str; 7] = ["08", "53", "57P0", "58", "40", LOCK_TIMEOUT, "25P03"];

const LOCK_TIMEOUT: &str = "55P03";

/// Primary result codes of SQLite after which trying again may help: busy, locked, I/O error, disk
/// full, cannot open, locking protocol.
const PASSING_SQLITE_CODES: [i32; 6] = [5, 6, 10, 13, 14, 15];

/// The error of a statement.
pub(crate) fn store_error(doing: &'static str, source: sqlx::Error) -> StoreError {
    if is_passing(&source) {
        StoreError::Unavailable { doing, source: Box::new(source) }
    } else {
        StoreError::Refused { doing, source: Box::new(source) }
    }
}

/// The error of a statement that went through sea-orm.
pub(crate) fn orm_error(doing: &'static str, source: DbErr) -> StoreError {
    let passing = match &source {
        DbErr::ConnectionAcquire(_) => true,
        other => driver_error(other).is_some_and(is_passing),
    };
    if passing {
        StoreError::Unavailable { doing, source: Box::new(source) }
    } else {
        StoreError::Refused { doing, source: Box::new(source) }
    }
}

/// SQLSTATE, or the result code of SQLite, if the database itself answered with an error.
pub(crate) fn database_code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// Whether a row was locked by another transaction for too long.
pub(crate) fn is_lock_timeout(error: &DbErr) -> bool {
    driver_error(error).and_then(database_code).as_deref() == Some(LOCK_TIMEOUT)
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => Some(inner),
        _ => None,
    }
}

fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(inner) => {
            let Some(code) = inner.code() else { return false };
            if inner.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
                PASSING_STATES.iter().any(|state| code.starts_with(state))
            } else {
                // An extended code holds the primary one in its lowest byte.
                let primary = code.parse::<i32>().map(|code| code & 0xff);
                primary.is_ok_and(|code| PASSING_SQLITE_CODES.contains(&code))
            }
        }
        _ => false,
    }
}
