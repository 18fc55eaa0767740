use serde::Serialize;

/// Something that looks odd but stopped nothing.
///
/// Libraries return warnings beside their result; doors show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable name, for filters: `neighbors.shrunk`.
    pub code: &'static str,
    /// What was seen, where, and how much of it.
    pub message: String,
    /// What to type instead, where there is something to type.
    pub hint: Option<String>,
}

impl Warning {
    /// A warning without a hint.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do about it.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
