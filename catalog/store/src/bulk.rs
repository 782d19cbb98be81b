//! Many rows in few statements.

use std::sync::Arc;

/// A row of texts to be inserted.
pub(crate) type TextRow<const COLUMNS: usize> = [Option<Arc<str>>; COLUMNS];

/// What is inserted where.
pub(crate) struct BulkInsert {
    /// The table.
    pub(crate) table: &'static str,
    /// A column of numbers that is the same for all rows.
    pub(crate) constant: Option<&'static str>,
    /// The columns of text.
    pub(crate) columns: &'static [&'static str],
    /// The `ON CONFLICT` clause, or nothing.
    pub(crate) on_conflict: &'static str,
}

impl BulkInsert {
    fn head(&self) -> String {
        let columns = self.constant.iter().chain(self.columns).copied().collect::<Vec<_>>();
        format!("INSERT INTO {} ({})", self.table, columns.join(","))
    }

    /// `INSERT INTO t (a,b) VALUES (?,?),(?,?) ON CONFLICT …`
    pub(crate) fn with_values(&self, rows: usize) -> String {
        let width = self.columns.len() + usize::from(self.constant.is_some());
        let row = format!("({})", vec!["?"; width].join(","));
        format!(
            "{} VALUES {} {}",
            self.head(),
            vec![row.as_str(); rows].join(","),
            self.on_conflict
        )
    }

    /// `INSERT INTO t (a,b) SELECT * FROM unnest($1::text[],$2::text[]) ON CONFLICT …`
    pub(crate) fn with_arrays(&self) -> String {
        let first = usize::from(self.constant.is_some()) + 1;
        let places = first..first + self.columns.len();
        let arrays = places.map(|place| format!("${place}::text[]")).collect::<Vec<_>>().join(",");
        let constant = if self.constant.is_some() { "$1, " } else { "" };
        format!("{} SELECT {constant}* FROM unnest({arrays}) {}", self.head(), self.on_conflict)
    }
}

/// Consecutive parts of `rows`, each of at most `limit` bytes of text or of a single row.
pub(crate) fn chunks_by_size<const COLUMNS: usize>(
    rows: &[TextRow<COLUMNS>],
    limit: usize,
) -> Vec<&[TextRow<COLUMNS>]> {
    let size = |row: &TextRow<COLUMNS>| row.iter().flatten().map(|text| text.len()).sum::<usize>();
    let mut chunks = Vec::new();
    let (mut rest, mut taken, mut bytes) = (rows, 0, 0);
    for row in rows {
        let next = size(row);
        if taken > 0 && bytes + next > limit {
            let (chunk, remaining) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            chunks.push(chunk);
            (rest, taken, bytes) = (remaining, 0, 0);
        }
        taken += 1;
        bytes += next;
    }
    if !rest.is_empty() {
        chunks.push(rest);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSERT: BulkInsert = BulkInsert {
        table: "thing",
        constant: Some("revision"),
        columns: &["name", "body"],
        on_conflict: "ON CONFLICT DO NOTHING",
    };

    #[test]
    fn values_have_a_place_for_the_constant_in_each_row() {
        assert_eq!(
            INSERT.with_values(2),
            "INSERT INTO thing (revision,name,body) VALUES (?,?,?),(?,?,?) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn arrays_follow_the_one_constant() {
        assert_eq!(
            INSERT.with_arrays(),
            "INSERT INTO thing (revision,name,body) SELECT $1, * \
             FROM unnest($2::text[],$3::text[]) ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            BulkInsert { constant: None, on_conflict: "", ..INSERT }.with_arrays(),
            "INSERT INTO thing (name,body) SELECT * FROM unnest($1::text[],$2::text[]) "
        );
    }

    #[test]
    fn chunks_hold_every_row_and_keep_the_limit_where_a_row_does() {
        let sizes = [3, 3, 9, 1, 1, 1, 1, 1, 1];
        let rows: Vec<TextRow<2>> =
            sizes.iter().map(|size| [Some("x".repeat(*size).into()), None]).collect();
        let chunks = chunks_by_size(&rows, 5);
        assert_eq!(chunks.iter().map(|chunk| chunk.len()).collect::<Vec<_>>(), [1, 1, 1, 5, 1]);
        assert_eq!(chunks.concat(), rows);
        assert!(chunks_by_size::<2>(&[], 5).is_empty());
    }
}
