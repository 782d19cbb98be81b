//! What would be used: `callboard config check`.

use std::{fmt, path::PathBuf};

use url::Url;

use super::{
    check::Findings,
    error::{ConfigError, Problem},
    keys::{KeyTree, Shape},
    node::{Node, Origin, Place, Value},
    source::Surroundings,
    transform::join,
};

/// What stands for a secret.
const MASK: &str = "********";

/// Words in the name of a key below which nothing is shown where the table does not say more.
const SECRET_WORDS: [&str; 7] =
    ["token", "secret", "password", "key", "credential", "private", "auth"];

/// Objects that need not be there: without them, their defaults mean nothing.
const OPTIONAL: [&str; 4] =
    ["auth.providers.guest", "backend.cors", "callboard.portal", "callboard.traces"];

/// One value that would be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EffectiveValue {
    /// Its path.
    pub(crate) path: String,
    /// The value as one line, secrets masked.
    pub(crate) value: String,
    /// Where it stands; `None` = the default.
    pub(crate) place: Option<Place>,
}

/// What a check found. `Display` is for people.
#[derive(Debug)]
pub(crate) struct Report {
    /// The files, in the order of laying them over each other.
    pub(crate) files: Vec<PathBuf>,
    /// What would be used, by path.
    pub(crate) values: Vec<EffectiveValue>,
    /// What must be changed before Callboard starts.
    pub(crate) problems: Vec<Problem>,
    /// What has no effect, and which keys are unknown.
    pub(crate) warnings: Vec<String>,
}

impl Report {
    /// Whether Callboard would start.
    pub(crate) fn is_usable(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Checks `files` as [`super::load`] reads them.
///
/// # Errors
///
/// [`ConfigError`] if a file cannot be read or understood, so that no values are known; bad values
/// are in the report.
pub(crate) fn check(
    files: &[PathBuf],
    surroundings: &dyn Surroundings,
) -> Result<Report, ConfigError> {
    let root = super::merged(files, surroundings)?;
    let (_, findings) = super::read(&root, files, surroundings)?;
    let mut values = Vec::new();
    list(&root, &KeyTree::new(), "", Visibility::Shown, &mut values);
    values.extend(defaults(&KeyTree::new(), "", Some(&root)));
    values.sort_by(|one, other| one.path.cmp(&other.path));
    let unknown = findings.unknown_sentence();
    let Findings { problems, warnings, .. } = findings;
    let warnings = warnings.into_iter().chain(unknown).collect();
    Ok(Report { files: files.to_vec(), values, problems, warnings })
}

/// Whether values may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visibility {
    /// The table knows them and says that they are no secrets.
    Shown,
    /// The table does not know them: shown only if they do not look like secrets.
    Doubtful,
    /// Never.
    Masked,
}

fn list(
    node: &Node,
    tree: &KeyTree,
    path: &str,
    visibility: Visibility,
    values: &mut Vec<EffectiveValue>,
) {
    let empty = KeyTree::default();
    match &node.value {
        Value::Null => {}
        Value::Map(map) if !map.is_empty() => {
            for (key, value) in map {
                let below = tree.keys.get(key.as_str()).or(tree.any.as_deref());
                let visibility = visibility_of(key, below, visibility);
                list(value, below.unwrap_or(&empty), &join(path, key), visibility, values);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                let below = tree.items.as_deref().unwrap_or(&empty);
                list(item, below, &format!("{path}[{index}]"), visibility, values);
            }
        }
        value => values.push(EffectiveValue {
            path: path.to_owned(),
            value: shown(value, node.origin, visibility),
            place: Some(node.place.clone()),
        }),
    }
}

fn visibility_of(key: &str, tree: Option<&KeyTree>, above: Visibility) -> Visibility {
    let lower = key.to_ascii_lowercase();
    let rows = tree.map(|tree| tree.rows.as_slice()).unwrap_or_default();
    let is_secret = rows.iter().any(|row| row.shape == Shape::Secret);
    let is_known = tree
        .is_some_and(|tree| tree.takes_object() || tree.items.is_some() || !tree.rows.is_empty())
        && !rows.iter().any(|row| matches!(row.shape, Shape::Upstream | Shape::Ignored));
    match above {
        Visibility::Masked => Visibility::Masked,
        // The secret of a key that takes an object too is the text.
        _ if is_secret && tree.is_some_and(KeyTree::takes_object) => Visibility::Doubtful,
        _ if is_secret => Visibility::Masked,
        _ if is_known => Visibility::Shown,
        _ if SECRET_WORDS.iter().any(|word| lower.contains(word)) => Visibility::Masked,
        _ => Visibility::Doubtful,
    }
}

fn shown(value: &Value, origin: Origin, visibility: Visibility) -> String {
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Null => "null".to_owned(),
        Value::Flag(flag) => return flag.to_string(),
        Value::Number(number) if visibility != Visibility::Masked => return number.to_string(),
        Value::Number(_) => return MASK.to_owned(),
        Value::List(_) => return "[]".to_owned(),
        Value::Map(_) => return "{}".to_owned(),
    };
    match visibility {
        Visibility::Masked => MASK.to_owned(),
        Visibility::Doubtful if origin == Origin::Substituted => MASK.to_owned(),
        _ => without_password(&text).escape_debug().to_string(),
    }
}

/// `text`, with the user name and the password of a URL masked.
fn without_password(text: &str) -> String {
    if text.to_ascii_lowercase().contains("password=") {
        return MASK.to_owned();
    }
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    if url.password().is_none() && url.username().is_empty() {
        return text.to_owned();
    }
    let is_masked = url.set_username("").is_ok() && url.set_password(Some(MASK)).is_ok();
    if is_masked { url.into() } else { MASK.to_owned() }
}

/// The defaults of keys that are absent. Of lists and of objects with any keys there are none.
fn defaults(tree: &KeyTree, path: &str, node: Option<&Node>) -> Vec<EffectiveValue> {
    let mut values = Vec::new();
    for (key, below) in &tree.keys {
        let value = node.and_then(|node| node.get(key));
        let path = join(path, key);
        if value.is_none() && OPTIONAL.contains(&path.as_str()) {
            continue;
        }
        let default = below.rows.iter().find_map(|row| row.default);
        if let (None, Some(default)) = (value, default) {
            values.push(EffectiveValue { path, value: default.to_owned(), place: None });
        } else if value.is_none_or(|value| matches!(value.value, Value::Map(_))) {
            values.extend(defaults(below, &path, value));
        }
    }
    values
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            writeln!(formatter, "file: {}", file.display())?;
        }
        for EffectiveValue { path, value, place } in &self.values {
            match place {
                Some(place) => writeln!(formatter, "{path}: {value}    # {place}")?,
                None => writeln!(formatter, "{path}: {value}    # default")?,
            }
        }
        for warning in &self.warnings {
            writeln!(formatter, "warning: {warning}")?;
        }
        for problem in &self.problems {
            writeln!(formatter, "error: {problem}")?;
        }
        match self.problems.len() {
            0 => writeln!(formatter, "the configuration can be used"),
            count => writeln!(formatter, "errors: {count}"),
        }
    }
}
