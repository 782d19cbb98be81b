//! Whether a write is that of the process that holds the lease.

use callboard_catalog::store::{Fence, StoreError};

use crate::{
    error::store_error,
    lease::INGESTION,
    write_connection::{Parameter, WriteConnection},
};

/// What stays until the end of the transaction: should this process be stopped in the midst of it,
/// the server ends it, and with it the lock that keeps others from the lease.
const IDLE_LIMIT: &str = "set_config('idle_in_transaction_session_timeout', '5000', true)";

/// Holds the lease's row until the end of the transaction: whoever takes the lease over waits for
/// it, and whoever comes after that sees the other fence.
pub(crate) async fn check_fence<C: WriteConnection>(
    connection: &mut C,
    fence: Fence,
    doing: &'static str,
) -> Result<(), StoreError> {
    let limit = if C::LOCK_FOR_SHARE.is_empty() { "0" } else { IDLE_LIMIT };
    let sql = format!(
        "SELECT fence, {limit} FROM lease \
         WHERE name = $1 AND fence = $2 AND holder IS NOT NULL {}",
        C::LOCK_FOR_SHARE
    );
    let fence = i64::try_from(fence.0).map_err(|_| StoreError::Fenced)?;
    let parameters = [Parameter::Text(INGESTION), Parameter::Integer(fence)];
    let held = connection.integer(&sql, &parameters).await;
    held.map_err(|source| store_error(doing, source))?.map(drop).ok_or(StoreError::Fenced)
}
