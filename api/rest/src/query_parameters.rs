//! Query strings as Backstage's routes read them: which parameters there are, and of what type.

use std::borrow::Cow;

use callboard_http::{ApiError, ErrorClass};

/// What a query parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterKind {
    /// One text.
    Text,
    /// A whole number from 0 on.
    Integer,
    /// Texts, one for each time that the parameter is given; also as `name[]=` or `name[0]=`.
    List,
    /// The same, each of them a list with commas.
    CommaList,
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// Whether a parameter may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It may.
    Optional,
    /// It must be given.
    Required,
}

/// A query parameter of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: ParameterKind,
    pub(crate) presence: Presence,
}

impl Parameter {
    pub(crate) const fn optional(name: &'static str, kind: ParameterKind) -> Self {
        Self { name, kind, presence: Presence::Optional }
    }
}

/// What is wrong with a query string. The texts are those of upstream's request validator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterError {
    #[error("Unknown query parameter '{0}'")]
    Unknown(String),
    #[error("Empty value found for query parameter '{0}'")]
    Empty(String),
    #[error("request/query must have required property '{0}'")]
    Missing(&'static str),
    #[error("request/query/{name} must be {expected}")]
    Type { name: &'static str, expected: &'static str },
    #[error("request/query/{0} must be >= 0")]
    Negative(&'static str),
    #[error("request/query/{name} must be equal to one of the allowed values: {allowed}")]
    NotAllowed { name: &'static str, allowed: String },
}

impl From<ParameterError> for ApiError {
    fn from(error: ParameterError) -> Self {
        Self::from_cause(ErrorClass::Input, error)
    }
}

/// The parameters of one request, checked.
#[derive(Debug, Default)]
pub(crate) struct QueryParameters<'q>(Vec<Given<'q>>);

/// A parameter with all its values, in the order of the query string.
#[derive(Debug)]
struct Given<'q> {
    name: Cow<'q, str>,
    values: Vec<Cow<'q, str>>,
    form: Form,
}

/// How the values of a parameter were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `name=`, once.
    Single,
    /// Several times, or with `[]`.
    List,
    /// `name[key]=`: nothing that we read.
    Object,
}

impl<'q> QueryParameters<'q> {
    /// Reads `query` and checks it against what the route knows.
    pub(crate) fn parse(query: &'q str, known: &[Parameter]) -> Result<Self, ParameterError> {
        let parameters = Self::split(query);
        for given in &parameters.0 {
            if !known.iter().any(|parameter| parameter.name == given.name) {
                return Err(ParameterError::Unknown(given.name.to_string()));
            }
            if given.form == Form::Single && given.values.iter().all(|value| value.is_empty()) {
                return Err(ParameterError::Empty(given.name.to_string()));
            }
        }
        for parameter in known {
            parameters.check(*parameter)?;
        }
        Ok(parameters)
    }

    fn split(query: &'q str) -> Self {
        let mut parameters = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if key.is_empty() {
                continue;
            }
            let (name, form) = named(key);
            match parameters.0.iter_mut().find(|given| given.name == name) {
                Some(given) => {
                    given.values.push(value);
                    if given.form != Form::Object {
                        given.form = if form == Form::Object { form } else { Form::List };
                    }
                }
                None => parameters.0.push(Given { name, values: vec![value], form }),
            }
        }
        parameters
    }

    fn check(&self, parameter: Parameter) -> Result<(), ParameterError> {
        let Parameter { name, kind, presence } = parameter;
        let Some(given) = self.given(name) else {
            return match presence {
                Presence::Required => Err(ParameterError::Missing(name)),
                Presence::Optional => Ok(()),
            };
        };
        let single = || given.values.first().filter(|_| given.form == Form::Single);
        let wrong = |expected| ParameterError::Type { name, expected };
        match kind {
            ParameterKind::Text => single().map(drop).ok_or_else(|| wrong("string")),
            ParameterKind::List | ParameterKind::CommaList if given.form == Form::Object => {
                Err(wrong("array"))
            }
            ParameterKind::List | ParameterKind::CommaList => Ok(()),
            ParameterKind::Integer => {
                let number = single().and_then(|value| whole_number(value));
                match number.ok_or_else(|| wrong("integer"))? {
                    number if number < 0 => Err(ParameterError::Negative(name)),
                    _ => Ok(()),
                }
            }
            ParameterKind::OneOf(allowed) => {
                let value = single().ok_or_else(|| wrong("string"))?;
                if allowed.contains(&&**value) {
                    return Ok(());
                }
                Err(ParameterError::NotAllowed { name, allowed: allowed.join(", ") })
            }
        }
    }

    fn given(&self, name: &str) -> Option<&Given<'q>> {
        self.0.iter().find(|given| given.name == name)
    }

    /// The text of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.given(name)?.values.first().map(|value| &**value)
    }

    /// The number of a parameter; one beyond what is counted here stands for "all".
    pub(crate) fn integer(&self, name: &str) -> Option<usize> {
        let number = whole_number(self.text(name)?)?;
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// The values of a parameter that may be repeated; `None` if it was not given.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.given(name)?.values.iter().map(|value| &**value).collect())
    }

    /// The parts of a parameter's comma-separated values; `None` if it was not given.
    pub(crate) fn comma_list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.given(name)?.values.iter().flat_map(|value| value.split(',')).collect())
    }
}

/// `filter[]` and `filter[0]` are the list `filter`. Source: npm `qs`.
fn named(key: Cow<'_, str>) -> (Cow<'_, str>, Form) {
    let Some((name, rest)) = key.split_once('[') else { return (key, Form::Single) };
    let Some(inner) = rest.strip_suffix(']').filter(|_| !name.is_empty()) else {
        return (key, Form::Single);
    };
    let form =
        if inner.bytes().all(|byte| byte.is_ascii_digit()) { Form::List } else { Form::Object };
    (Cow::Owned(name.to_owned()), form)
}

/// What JavaScript takes for a whole number, as far as it matters: `5`, ` 5`, `5.0`, `1e3`.
fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.fract() == 0.0)?;
    // Beyond 2^53 a double is not exact anyway, and such a limit means "all".
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, which is what is meant"
    )]
    Some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Parameter] = &[
        Parameter::optional("filter", ParameterKind::List),
        Parameter::optional("fields", ParameterKind::CommaList),
        Parameter::optional("limit", ParameterKind::Integer),
        Parameter::optional("offset", ParameterKind::Integer),
        Parameter::optional("cursor", ParameterKind::Text),
        Parameter::optional("totalItems", ParameterKind::OneOf(&["include", "exclude"])),
    ];

    fn refusal(query: &str) -> String {
        QueryParameters::parse(query, KNOWN)
            .map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn refusals_are_worded_as_upstream_words_them() {
        for (query, text) in [
            ("foo=1", "Unknown query parameter 'foo'"),
            ("filter=kind=component&limit=0&query=x", "Unknown query parameter 'query'"),
            ("filter=", "Empty value found for query parameter 'filter'"),
            ("filter", "Empty value found for query parameter 'filter'"),
            ("fields=", "Empty value found for query parameter 'fields'"),
            ("cursor=", "Empty value found for query parameter 'cursor'"),
            ("limit=x", "request/query/limit must be integer"),
            ("limit=1.5", "request/query/limit must be integer"),
            ("limit=1&limit=2", "request/query/limit must be integer"),
            ("limit=inf", "request/query/limit must be integer"),
            ("limit=-1", "request/query/limit must be >= 0"),
            ("offset=-1", "request/query/offset must be >= 0"),
            ("cursor=a&cursor=b", "request/query/cursor must be string"),
            ("filter[x]=1", "request/query/filter must be array"),
            (
                "totalItems=foo",
                "request/query/totalItems must be equal to one of the allowed values: include, exclude",
            ),
            ("limit=5.0&filter=&filter=a", ""),
        ] {
            assert_eq!(refusal(query), text, "{query}");
        }
    }

    #[test]
    fn a_required_parameter_is_asked_for_by_name() {
        let facet =
            Parameter { name: "facet", kind: ParameterKind::List, presence: Presence::Required };
        let error = QueryParameters::parse("", &[facet]).unwrap_err();
        assert_eq!(error.to_string(), "request/query must have required property 'facet'");
    }

    #[test]
    fn lists_may_be_repeated_and_written_with_brackets() {
        for query in [
            "filter=a%3Db&filter=c+d",
            "filter[]=a=b&filter[]=c%20d",
            "filter[0]=a=b&filter[1]=c d",
        ] {
            let parameters = QueryParameters::parse(query, KNOWN).unwrap();
            assert_eq!(parameters.list("filter").unwrap(), ["a=b", "c d"], "{query}");
        }
        let parameters = QueryParameters::parse("fields=a,b&fields=c", KNOWN).unwrap();
        assert_eq!(parameters.comma_list("fields").unwrap(), ["a", "b", "c"]);
        assert_eq!(parameters.list("filter"), None);
    }
}
