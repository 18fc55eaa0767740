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

/// What may be written for an option, in words.
fn values(option: &Value, root: &Value) -> String {
    if let Some(words) = option["x-words"].as_str() {
        return words.into();
    }
    let followed = |reference: &Value| {
        let name = reference
            .as_str()
            .and_then(|path| path.rsplit('/').next())
            .unwrap_or_default();
        values(&root["$defs"][name], root)
    };
    if !option["$ref"].is_null() {
        return followed(&option["$ref"]);
    }
    if let Some(list) = option["enum"].as_array() {
        return list.iter().map(text).collect::<Vec<_>>().join(" | ");
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(list) = option[key].as_array() {
            let words = list
                .iter()
                .map(|item| values(item, root))
                .filter(|words| words != "none");
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
