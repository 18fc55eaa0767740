use std::borrow::Cow;

/// The candidate that a misspelt name most likely meant, for hints.
///
/// Letter case is ignored. Returns `None` if nothing is close.
///
/// ```
/// use counterpoise_base::nearest_name;
///
/// assert_eq!(nearest_name("smoet", ["adasyn", "smote"]), Some("smote"));
/// assert_eq!(nearest_name("zebra", ["adasyn", "smote"]), None);
/// ```
pub fn nearest_name<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            // Jaro's window is empty for very short names, where one slip is still one slip.
            let one_slip = name.len() > 1 && strsim::damerau_levenshtein(&name, &lower) <= 1;
            (
                strsim::jaro_winkler(&name, &lower).max(if one_slip { 0.8 } else { 0.0 }),
                candidate,
            )
        })
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

/// A name as it is typed in a shell: in quotes where it holds anything but letters, digits and `_-.=`.
///
/// ```
/// use counterpoise_base::typed;
///
/// assert_eq!(typed("age"), "age");
/// assert_eq!(typed("sepal length"), "\"sepal length\"");
/// assert_eq!(typed("a \"b\""), "'a \"b\"'");
/// ```
pub fn typed(name: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '=');
    if !name.is_empty() && name.chars().all(plain) {
        Cow::Borrowed(name)
    } else if name.contains(['"', '$', '`', '\\']) {
        Cow::Owned(format!("'{}'", name.replace('\'', r"'\''")))
    } else {
        Cow::Owned(format!("\"{name}\""))
    }
}
