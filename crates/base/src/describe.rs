use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What a method is for, its options, and where it comes from: read off the documentation of its options struct.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    /// Name to type.
    pub name: String,
    /// What it does, in one sentence.
    pub idea: String,
    /// When to use it.
    pub when: String,
    /// Its options, in order.
    pub parameters: Vec<Parameter>,
    /// Paper and section, and where implementations differ.
    pub source: String,
}

/// One option of a method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Name, as in TOML and after `--set`.
    pub name: String,
    /// What may be written.
    pub values: String,
    /// Default, as in TOML.
    pub default: String,
    /// What it does.
    pub about: String,
    /// Words that may be written, and what each means; none for options that take something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<(String, String)>,
}

impl Description {
    /// Reads the documentation of an options struct: its first paragraph is the idea, the others say when, and what
    /// stands under `# Source` is the source.
    pub fn of<T: JsonSchema + Serialize + Default>(name: &str) -> Self {
        let schema = schemars::schema_for!(T).to_value();
        let defaults = serde_json::to_value(T::default()).unwrap_or(Value::Null);
        let text = schema["description"].as_str().unwrap_or_default();
        let (about, source) = text.split_once("# Source").unwrap_or((text, ""));
        let mut paragraphs = about
            .split("\n\n")
            .map(unwrap_lines)
            .filter(|paragraph| !paragraph.is_empty());
        let parameter = |(option, about): (&String, &Value)| Parameter {
            name: option.clone(),
            values: values(about, &schema),
            default: match &defaults[option] {
                Value::Null => "none".into(),
                Value::Object(map) if map.is_empty() => "none".into(),
                Value::Array(list) if list.is_empty() => "none".into(),
                // What has a name and its default options is that name.
                Value::Array(list) => {
                    let name = |value: &Value| value["name"].as_str().or(value.as_str()).map(str::to_owned);
                    let names: Vec<String> = list
                        .iter()
                        .map(|value| name(value).unwrap_or_else(|| value.to_string()))
                        .collect();
                    names.join(", ")
                }
                value => value.to_string(),
            },
            about: unwrap_lines(about["description"].as_str().unwrap_or_default()),
            words: words(about, &schema),
        };
        Self {
            name: name.into(),
            idea: paragraphs.next().unwrap_or_default(),
            when: paragraphs.collect::<Vec<_>>().join("\n\n"),
            parameters: schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(parameter)
                .collect(),
            source: unwrap_lines(source),
        }
    }
}

/// Joins the lines of a paragraph.
fn unwrap_lines(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a reference points to.
fn followed<'a>(option: &Value, root: &'a Value) -> Option<&'a Value> {
    let name = option["$ref"].as_str()?.rsplit('/').next()?;
    Some(&root["$defs"][name])
}

/// The words of an option that are documented.
fn words(option: &Value, root: &Value) -> Vec<(String, String)> {
    if option["x-words"].is_string() {
        return Vec::new();
    }
    if let Some(named) = followed(option, root) {
        return words(named, root);
    }
    if let (Some(word), Some(about)) = (option["const"].as_str(), option["description"].as_str()) {
        return vec![(word.into(), unwrap_lines(about))];
    }
    let lists = ["oneOf", "anyOf", "allOf"];
    let items = lists.iter().filter_map(|key| option[key].as_array()).flatten();
    items.flat_map(|item| words(item, root)).collect()
}

/// What may be written for an option, in words.
fn values(option: &Value, root: &Value) -> String {
    if let Some(words) = option["x-words"].as_str() {
        return words.into();
    }
    if let Some(named) = followed(option, root) {
        return values(named, root);
    }
    if let Some(list) = option["enum"].as_array() {
        return list.iter().map(text).collect::<Vec<_>>().join(" | ");
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(list) = option[key].as_array() {
            // What may be left out is told by its default; a word `none` is a value as any other.
            let there = list.iter().filter(|item| item["type"] != "null");
            let words = there.map(|item| values(item, root));
            return words.collect::<Vec<_>>().join(" | ");
        }
    }
    if !option["const"].is_null() {
        return text(&option["const"]);
    }
    let kind = match &option["type"] {
        Value::Array(kinds) => kinds
            .iter()
            .find(|kind| *kind != "null")
            .map(text)
            .unwrap_or_default(),
        kind => text(kind),
    };
    let number = if kind == "integer" { "integer" } else { "number" };
    match (
        kind.as_str(),
        option["minimum"].as_f64(),
        option["maximum"].as_f64(),
    ) {
        ("integer" | "number", Some(low), Some(high)) => format!("{number}, {low} to {high}"),
        ("integer" | "number", Some(low), None) => format!("{number}, {low} or more"),
        ("boolean", ..) => "true | false".into(),
        ("null", ..) => "none".into(),
        ("object", ..) => "a table: class = number".into(),
        ("array", ..) => "list".into(),
        (kind, ..) => kind.into(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Paints.
    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    struct Paint {
        /// Which colour.
        colour: Colour,
        /// How often.
        coats: u8,
    }

    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum Colour {
        /// As the sky
        /// is.
        #[default]
        PaleBlue,
        /// As grass.
        Green,
    }

    #[test]
    fn words_of_an_option_are_explained() {
        let description = Description::of::<Paint>("paint");
        let of = |name: &str| {
            let found = description
                .parameters
                .iter()
                .find(|parameter| parameter.name == name);
            found.expect(name)
        };
        let words = [("pale-blue", "As the sky is."), ("green", "As grass.")];
        assert_eq!(of("colour").values, "pale-blue | green");
        assert_eq!(
            of("colour").words,
            words.map(|(word, about)| (word.to_owned(), about.to_owned()))
        );
        assert!(of("coats").words.is_empty());
    }
}
