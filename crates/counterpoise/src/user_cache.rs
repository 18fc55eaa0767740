use std::path::PathBuf;

/// The folder in the user's cache for what one command keeps; absent where nothing says where a cache is.
pub(crate) fn user_cache(folder: &str) -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .or_else(|| set("LOCALAPPDATA"))
        .map(|cache| cache.join("counterpoise").join(folder))
}
