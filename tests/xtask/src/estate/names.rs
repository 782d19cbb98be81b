//! Turning one spelling of a name into another.

/// Words that keep capitals in a title.
const ACRONYMS: &[&str] = &[
    "api", "atm", "bff", "eba", "fix", "fx", "gl", "hsm", "iban", "kyc", "nics", "pdf", "sftp",
    "sms", "step2", "tpp", "vop",
];

/// `sepa-clearing` → `Sepa clearing`; words of [`ACRONYMS`] become capitals.
pub(crate) fn title(kebab: &str) -> String {
    let words = kebab
        .split('-')
        .map(|word| if ACRONYMS.contains(&word) { word.to_uppercase() } else { word.to_owned() });
    capitalised(&words.collect::<Vec<_>>().join(" "))
}

/// The same text with a capital first letter.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `loan-application` → `LoanApplication`.
pub(crate) fn pascal(kebab: &str) -> String {
    kebab.split('-').map(capitalised).collect()
}

/// `loan-application` → `loanApplication`.
pub(crate) fn camel(kebab: &str) -> String {
    let pascal = pascal(kebab);
    let mut letters = pascal.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// `debtorAccount` → `debtor_account`.
pub(crate) fn snake(camel: &str) -> String {
    let mut out = String::new();
    for letter in camel.chars() {
        if letter.is_uppercase() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out.replace('-', "_")
}

/// The plural of an English noun in any spelling that ends in that noun.
pub(crate) fn plural(noun: &str) -> String {
    let vowel_y = ["ay", "ey", "oy"].iter().any(|ending| noun.ends_with(ending));
    match noun.strip_suffix('y') {
        Some(stem) if !vowel_y => format!("{stem}ies"),
        _ if noun.ends_with("details") || noun.ends_with("accounts") => noun.to_owned(),
        _ if ["s", "x", "ch", "sh"].iter().any(|ending| noun.ends_with(ending)) => {
            format!("{noun}es")
        }
        _ => format!("{noun}s"),
    }
}

/// A login name: lower-case ASCII, as a directory would spell `Søren Ægidius`.
pub(crate) fn login(first: &str, last: &str) -> String {
    let fold = |letter: char| match letter {
        'å' | 'ä' | 'á' => "a".to_owned(),
        'æ' => "ae".to_owned(),
        'ö' | 'ø' => "o".to_owned(),
        'é' => "e".to_owned(),
        other => other.to_string(),
    };
    format!("{first}.{last}").to_lowercase().chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_follow_their_language() {
        assert_eq!(title("loan-broker-api"), "Loan broker API");
        assert_eq!(pascal("loan-application"), "LoanApplication");
        assert_eq!(camel("loan-application"), "loanApplication");
        assert_eq!(snake("debtorAccount"), "debtor_account");
        assert_eq!(login("Håkon", "Ødegaard"), "hakon.odegaard");
    }

    #[test]
    fn plurals_are_english() {
        let plurals = ["inquiry", "banking-day", "branch", "contact-details"].map(plural);
        assert_eq!(plurals, ["inquiries", "banking-days", "branches", "contact-details"]);
    }
}
