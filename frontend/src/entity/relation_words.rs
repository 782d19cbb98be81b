//! Types of relations in words, and the order in which a page shows them.

/// The words for a type, as a heading over what it leads to. Types of other kinds are taken apart:
/// `guardedBy` is “Guarded by”.
pub(super) fn words(relation: &str) -> String {
    let known = match relation {
        "ownedBy" => "Owned by",
        "ownerOf" => "Owns",
        "partOf" => "Part of",
        "hasPart" => "Made of",
        "dependsOn" => "Depends on",
        "dependencyOf" => "Needed by",
        "providesApi" => "Provides the APIs",
        "apiProvidedBy" => "Provided by",
        "consumesApi" => "Consumes the APIs",
        "apiConsumedBy" => "Consumed by",
        "parentOf" => "Groups below",
        "childOf" => "Group above",
        "hasMember" => "Members",
        "memberOf" => "Member of",
        _ => return taken_apart(relation),
    };
    known.to_owned()
}

/// The types of the built-in kinds, in the order of the page.
const ORDER: [&str; 14] = [
    "ownedBy",
    "partOf",
    "childOf",
    "memberOf",
    "providesApi",
    "consumesApi",
    "dependsOn",
    "apiProvidedBy",
    "apiConsumedBy",
    "dependencyOf",
    "hasPart",
    "parentOf",
    "hasMember",
    "ownerOf",
];

/// Where a type stands on the page: what it belongs to, then what it offers and needs, then who
/// needs it, then everything else by name.
pub(super) fn place(relation: &str) -> usize {
    ORDER.iter().position(|one| *one == relation).unwrap_or(ORDER.len())
}

/// Whether the words say of which kind the targets are.
pub(super) fn tells_kind(relation: &str) -> bool {
    !matches!(relation, "ownedBy" | "ownerOf" | "partOf" | "hasPart" | "dependsOn" | "dependencyOf")
        && place(relation) < ORDER.len()
}

fn taken_apart(relation: &str) -> String {
    let mut words = String::new();
    for (index, one) in relation.chars().enumerate() {
        match (index, one) {
            (0, one) => words.extend(one.to_uppercase()),
            (_, '-' | '_') => words.push(' '),
            (_, one) if one.is_uppercase() => {
                words.push(' ');
                words.extend(one.to_lowercase());
            }
            (_, one) => words.push(one),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_another_kind_is_readable() {
        assert_eq!(words("guardedBy"), "Guarded by");
        assert_eq!(words("runs_on"), "Runs on");
        assert_eq!(words("x"), "X");
        assert_eq!(words(""), "");
    }

    #[test]
    fn a_kind_is_named_where_the_words_do_not_tell_it() {
        assert!(tells_kind("consumesApi") && tells_kind("hasMember"));
        assert!(!tells_kind("dependsOn") && !tells_kind("guardedBy"));
    }

    #[test]
    fn what_it_belongs_to_comes_first_and_the_unknown_last() {
        let mut types = ["zoo", "ownerOf", "dependsOn", "partOf"];
        types.sort_by_key(|one| (place(one), *one));
        assert_eq!(types, ["partOf", "dependsOn", "ownerOf", "zoo"]);
    }
}
