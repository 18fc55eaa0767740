#![no_main]

libfuzzer_sys::fuzz_target!(|query: &str| {
    counterpoise_recommend_fuzz::search_for(query);
});
