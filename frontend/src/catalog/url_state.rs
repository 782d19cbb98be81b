//! The state of the catalog page in its URL, with Backstage's own names, so that old bookmarks
//! work: `filters[kind]`, `filters[type]`, `filters[owners]`, `filters[lifecycles]`,
//! `filters[tags]`, `filters[namespace]`, `filters[text]`.

use url::form_urlencoded;

/// The path of the page.
const PATH: &str = "/catalog";
/// The name of the text in the URL.
pub(crate) const TEXT: &str = "filters[text]";

/// A group of filters that the page offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dimension {
    Kind,
    Type,
    Owner,
    Lifecycle,
    Tag,
    Namespace,
}

impl Dimension {
    /// All of them, in the order of the page.
    pub(crate) const ALL: [Self; 6] =
        [Self::Kind, Self::Type, Self::Owner, Self::Lifecycle, Self::Tag, Self::Namespace];

    /// The name in the URL.
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Kind => "filters[kind]",
            Self::Type => "filters[type]",
            Self::Owner => "filters[owners]",
            Self::Lifecycle => "filters[lifecycles]",
            Self::Tag => "filters[tags]",
            Self::Namespace => "filters[namespace]",
        }
    }

    /// The name on the page.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Kind => "Kind",
            Self::Type => "Type",
            Self::Owner => "Owner",
            Self::Lifecycle => "Lifecycle",
            Self::Tag => "Tag",
            Self::Namespace => "Namespace",
        }
    }

    /// A value in the form in which it is compared: owners are refs whose kind and namespace may
    /// be left out, as Backstage does in its own bookmarks.
    fn canonical(self, value: &str) -> String {
        if self != Self::Owner {
            return value.to_owned();
        }
        let (kind, rest) = value.split_once(':').unwrap_or(("group", value));
        let (namespace, name) = rest.split_once('/').unwrap_or(("default", rest));
        format!("{kind}:{namespace}/{name}").to_lowercase()
    }
}

/// What the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Sort {
    #[default]
    Name,
    Kind,
    Type,
    Lifecycle,
    Owner,
    System,
}

impl Sort {
    const ALL: [Self; 6] =
        [Self::Name, Self::Kind, Self::Type, Self::Lifecycle, Self::Owner, Self::System];

    /// The value in the URL.
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Type => "type",
            Self::Lifecycle => "lifecycle",
            Self::Owner => "owner",
            Self::System => "system",
        }
    }
}

/// Which page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Place {
    #[default]
    First,
    After(String),
    Before(String),
}

/// Everything that the URL says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct UrlState {
    chosen: Vec<(Dimension, String)>,
    pub(crate) text: String,
    pub(crate) sort: Sort,
    pub(crate) is_descending: bool,
    pub(crate) place: Place,
    /// Filters of a bookmark that this page does not have, as `name=value`.
    pub(crate) unknown: Vec<String>,
}

impl UrlState {
    /// Reads a query string. `all` and empty values say nothing; a list may be repeated or
    /// numbered (`filters[owners][0]`); names that are no filters are passed over.
    pub(crate) fn parse(query: &str) -> Self {
        let mut state = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if !value.is_empty() && value != "all" {
                state.take(&name, value);
            }
        }
        state
    }

    fn take(&mut self, name: &str, value: &str) {
        let name = name.split_once("][").map_or(name.to_owned(), |(head, _)| format!("{head}]"));
        if let Some(dimension) = Dimension::ALL.into_iter().find(|one| one.parameter() == name) {
            if !self.is_chosen(dimension, value) {
                self.chosen.push((dimension, dimension.canonical(value)));
            }
            return;
        }
        match name.as_str() {
            TEXT => value.clone_into(&mut self.text),
            "after" => self.place = Place::After(value.to_owned()),
            "before" => self.place = Place::Before(value.to_owned()),
            "sort" => self.take_sort(value),
            name if name.starts_with("filters[") => self.unknown.push(format!("{name}={value}")),
            _ => {}
        }
    }

    fn take_sort(&mut self, value: &str) {
        self.is_descending = value.starts_with('-');
        let name = value.trim_start_matches('-');
        self.sort = Sort::ALL.into_iter().find(|sort| sort.parameter() == name).unwrap_or_default();
    }

    /// The values chosen in a group.
    pub(crate) fn chosen(&self, dimension: Dimension) -> Vec<String> {
        let of = |(one, value): &(Dimension, String)| (*one == dimension).then(|| value.clone());
        self.chosen.iter().filter_map(of).collect()
    }

    /// All values chosen, with their groups.
    pub(crate) fn all_chosen(&self) -> &[(Dimension, String)] {
        &self.chosen
    }

    /// Whether a value is chosen, without regard to case.
    pub(crate) fn is_chosen(&self, dimension: Dimension, value: &str) -> bool {
        let value = dimension.canonical(value).to_lowercase();
        self.chosen.iter().any(|(one, chosen)| *one == dimension && chosen.to_lowercase() == value)
    }

    /// The URL of this state at another place.
    pub(crate) fn url_at(&self, place: Place) -> String {
        Self { place, ..self.clone() }.url()
    }

    /// The URL of this state sorted by `sort`; the other way round if it is so already.
    pub(crate) fn url_sorted(&self, sort: Sort) -> String {
        let is_descending = self.sort == sort && !self.is_descending;
        Self { sort, is_descending, ..self.clone() }.url_at(Place::First)
    }

    /// The URL of this state with a value chosen, or no more chosen if it is so already.
    pub(crate) fn url_toggled(&self, dimension: Dimension, value: &str) -> String {
        let mut state = self.clone();
        if self.is_chosen(dimension, value) {
            let value = dimension.canonical(value).to_lowercase();
            state
                .chosen
                .retain(|(one, chosen)| *one != dimension || chosen.to_lowercase() != value);
        } else {
            state.chosen.push((dimension, value.to_owned()));
        }
        state.url_at(Place::First)
    }

    /// The URL of this state without its text.
    pub(crate) fn url_without_text(&self) -> String {
        Self { text: String::new(), ..self.clone() }.url_at(Place::First)
    }

    /// The URL of this state without any filter.
    pub(crate) fn url_unfiltered(&self) -> String {
        let (sort, is_descending) = (self.sort, self.is_descending);
        Self { sort, is_descending, ..Self::default() }.url()
    }

    /// What a form that asks for another text must send along, as names and values.
    pub(crate) fn parameters_but_text(&self) -> Vec<(&'static str, String)> {
        let chosen = self.chosen.iter().map(|(one, value)| (one.parameter(), value.clone()));
        chosen.chain(self.sort_parameter().map(|sort| ("sort", sort))).collect()
    }

    fn sort_parameter(&self) -> Option<String> {
        let sign = if self.is_descending { "-" } else { "" };
        let is_default = self.sort == Sort::default() && !self.is_descending;
        (!is_default).then(|| format!("{sign}{}", self.sort.parameter()))
    }

    fn url(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (dimension, value) in &self.chosen {
            query.append_pair(dimension.parameter(), value);
        }
        if !self.text.is_empty() {
            query.append_pair(TEXT, &self.text);
        }
        if let Some(sort) = self.sort_parameter() {
            query.append_pair("sort", &sort);
        }
        match &self.place {
            Place::First => {}
            Place::After(cursor) => {
                query.append_pair("after", cursor);
            }
            Place::Before(cursor) => {
                query.append_pair("before", cursor);
            }
        }
        let query = query.finish();
        if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") }
    }
}

/// The address of the catalog where a group has one value chosen.
pub(crate) fn url_of(dimension: Dimension, value: &str) -> String {
    UrlState::default().url_toggled(dimension, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_of_backstage_is_understood() {
        let state = UrlState::parse(
            "filters%5Bkind%5D=component&filters[user]=all&filters[owners][0]=group:default/a\
             &filters[owners][1]=group:default/b&filters[text]=pay&limit=20",
        );
        assert_eq!(state.chosen(Dimension::Kind), ["component"]);
        assert_eq!(state.chosen(Dimension::Owner), ["group:default/a", "group:default/b"]);
        assert_eq!(state.text, "pay");
        assert!(state.is_chosen(Dimension::Kind, "Component"));
        assert!(state.unknown.is_empty());
    }

    #[test]
    fn a_filter_that_is_not_ours_is_told_and_not_silently_dropped() {
        let state = UrlState::parse("filters[user]=owned&filters[starred]=&limit=20&x=y");
        assert_eq!(state.unknown, ["filters[user]=owned"]);
    }

    #[test]
    fn an_owner_is_the_same_however_short_it_is_written() {
        for value in ["payments", "group:payments", "default/payments", "Group:Default/Payments"] {
            let state = UrlState::parse(&format!("filters[owners]={value}"));
            assert_eq!(state.chosen(Dimension::Owner), ["group:default/payments"], "{value}");
            assert!(state.is_chosen(Dimension::Owner, "group:default/payments"));
        }
    }

    #[test]
    fn choosing_twice_is_not_choosing() {
        let state = UrlState::parse("filters[kind]=component&filters[tags]=java&after=x");
        let url = state.url_toggled(Dimension::Kind, "API");
        assert_eq!(
            url,
            "/catalog?filters%5Bkind%5D=component&filters%5Btags%5D=java&filters%5Bkind%5D=API"
        );
        let url = state.url_toggled(Dimension::Kind, "Component");
        assert_eq!(url, "/catalog?filters%5Btags%5D=java");
    }

    #[test]
    fn a_form_sends_everything_along_but_text_and_place() {
        let state = UrlState::parse("filters[kind]=api&filters[text]=x&sort=-type&after=y");
        let expected = [("filters[kind]", "api".to_owned()), ("sort", "-type".to_owned())];
        assert_eq!(state.parameters_but_text(), expected);
        assert_eq!(state.url_without_text(), "/catalog?filters%5Bkind%5D=api&sort=-type");
        assert_eq!(state.url_unfiltered(), "/catalog?sort=-type");
    }

    #[test]
    fn a_state_survives_its_own_url() {
        for query in [
            "",
            "filters[kind]=api&filters[tags]=c%2B%2B&filters[tags]=grpc&sort=-type&after=abc%3D",
            "filters[text]=a%20%26%20b&before=x",
        ] {
            let state = UrlState::parse(query);
            let url = state.url_at(state.place.clone());
            let again = UrlState::parse(url.split_once('?').map_or("", |(_, query)| query));
            assert_eq!(again, state, "{query}");
        }
    }

    #[test]
    fn sorting_by_the_same_column_turns_it_round() {
        let state = UrlState::parse("sort=type&after=x");
        assert_eq!(state.url_sorted(Sort::Type), "/catalog?sort=-type");
        assert_eq!(state.url_sorted(Sort::Name), "/catalog");
    }
}
