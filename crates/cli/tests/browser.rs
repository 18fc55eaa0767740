//! Pages in a real, headless Chromium: no error on the console, nothing wider than the screen, and what can be
//! clicked works. Skipped where there is no Chromium; `CHROMIUM` names one that is not in the path.
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod folder;

use std::path::PathBuf;
use std::process::Command;

use folder::{Folder, predictions, small_table};
use serde_json::Value;

fn chromium() -> Option<PathBuf> {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = || {
        std::env::split_paths(&path)
            .flat_map(|folder| names.map(|name| folder.join(name)))
            .find(|file| file.is_file())
    };
    let found = std::env::var_os("CHROMIUM").map(PathBuf::from).or_else(in_path);
    if found.is_none() {
        eprintln!("skipped: there is no Chromium in the path, and CHROMIUM names none");
    }
    found
}

/// Runs in a frame as wide as a screen, does what a reader does, and tells what it saw.
const READER: &str = r#"
<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe id="screen" style="border:0;width:WIDTHpx;height:800px"></iframe><pre id="seen"></pre>
<script>
const frame = document.getElementById("screen"), seen = { errors: [] };
frame.addEventListener("load", () => {
  const page = frame.contentDocument, view = frame.contentWindow;
  const problems = (work) => { try { return work(); } catch (error) { seen.errors.push(String(error)); } };
  seen.title = page.title;
  seen.overflow = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  seen.sections = page.querySelectorAll("main section").length;
  seen.links = [...page.querySelectorAll("nav a")].filter((link) => !page.querySelector(link.getAttribute("href"))).length;
  seen.plots = [...page.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().height > 20).length;
  seen.unnamed = [...page.querySelectorAll("button, svg:not([aria-hidden=true])")].filter((each) => !(each.textContent.trim() || each.getAttribute("aria-label"))).length;
  seen.small = [...page.querySelectorAll("p, td, li")].filter((each) => parseFloat(view.getComputedStyle(each).fontSize) < 12).length;
  problems(() => {
    const colour = () => view.getComputedStyle(page.body).backgroundColor;
    const before = colour();
    page.getElementById("theme").click();
    seen.themes = before !== colour();
    page.getElementById("theme").click();
  });
  problems(() => {
    seen.parents = [];
    for (const figure of page.querySelectorAll(".scatter")) {
      const facts = JSON.parse(figure.querySelector("script").textContent);
      const marks = [...figure.querySelectorAll("circle")].slice(0, facts.length);
      const made = facts.findLastIndex((fact) => fact[2] >= 0);
      const point = made >= 0 ? made : 0;
      figure.scrollIntoView();
      const box = marks[point].getBoundingClientRect();
      const where = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true, pointerType: "mouse" };
      figure.querySelector("svg").dispatchEvent(new view.PointerEvent("pointermove", where));
      const tip = figure.querySelector(".tip");
      seen.parents.push({ shown: !tip.hidden, text: tip.textContent, lines: figure.querySelectorAll("line[stroke='var(--ink)']").length, made: made >= 0 });
      const toggle = figure.querySelector(".toggle");
      if (toggle) { toggle.click(); seen.hidden = figure.querySelectorAll("circle.off").length; toggle.click(); }
    }
  });
  problems(() => {
    const table = page.querySelector("figure.table");
    page.execCommand = (command) => { seen.copied = page.activeElement && page.querySelector("body > textarea").value; return true; };
    Object.defineProperty(view.navigator, "clipboard", { value: { writeText: async (text) => { seen.copied = text; } } });
    if (table) { table.querySelector(".copy").click(); }
  });
  setTimeout(() => { document.getElementById("seen").textContent = JSON.stringify(seen); }, 50);
});
frame.srcdoc = PAGE;
</script>
"#;

/// Reads a page on a screen of this width; returns what was seen.
fn read(chromium: &PathBuf, folder: &Folder, name: &str, width: u32) -> Value {
    let page = serde_json::to_string(&folder.read(name))
        .expect("a text")
        .replace("</", "<\\/");
    folder.write(
        "reader.html",
        READER.replace("WIDTH", &width.to_string()).replace("PAGE", &page),
    );
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-extensions",
        ])
        .args([
            "--disable-background-networking",
            "--enable-logging=stderr",
            "--virtual-time-budget=4000",
        ])
        .arg(format!("--user-data-dir={}", folder.path("profile").display()))
        .arg(format!("--window-size={},900", width.max(600)))
        .arg("--dump-dom")
        .arg(format!("file://{}", folder.path("reader.html").display()))
        .output()
        .expect("Chromium starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{name} at {width}: {console:?}");
    let dom = String::from_utf8_lossy(&output.stdout);
    let seen = dom
        .split_once("<pre id=\"seen\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .map(|(seen, _)| {
            seen.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        })
        .unwrap_or_default();
    serde_json::from_str(&seen)
        .unwrap_or_else(|error| panic!("{name} at {width}: {error} in {seen:?}\n{said}"))
}

fn check(chromium: &PathBuf, folder: &Folder, name: &str, sections: u64) -> Value {
    let mut last = Value::Null;
    for width in [360, 1280] {
        let seen = read(chromium, folder, name, width);
        let about = format!("{name} at {width}: {seen:#}");
        assert_eq!(seen["errors"], serde_json::json!([]), "{about}");
        assert_eq!(seen["overflow"], 0, "wider than the screen: {about}");
        assert_eq!(seen["sections"], sections, "{about}");
        assert_eq!(seen["links"], 0, "links into nothing: {about}");
        assert_eq!(seen["unnamed"], 0, "buttons or plots without a name: {about}");
        assert_eq!(seen["small"], 0, "text below 12 pixels: {about}");
        assert_eq!(seen["themes"], true, "{about}");
        for scatter in seen["parents"].as_array().expect("a list") {
            assert_eq!(scatter["shown"], true, "{about}");
            if scatter["made"] == true {
                assert!(scatter["lines"].as_u64() >= Some(1), "{about}");
                let text = scatter["text"].as_str().unwrap_or_default();
                let named = ["row", "picture"].map(|what| text.contains(&format!("\nbase: {what} ")));
                assert!(text.starts_with("synthetic") && named.contains(&true), "{about}");
            }
        }
        // Classes can be hidden where there is a scatter.
        if seen["parents"] != serde_json::json!([]) {
            assert!(seen["hidden"].as_u64() > Some(0), "{about}");
        }
        last = seen;
    }
    last
}

#[test]
fn pages_work_on_a_phone_and_on_a_desk() {
    let Some(chromium) = chromium() else { return };
    let folder = Folder::with(
        "in.csv",
        small_table().replace("a,b,y", "a <b>,\"b & \"\"c\"\"\",y"),
    );
    folder.ok("quickstart --output quickstart.html");
    let seen = check(&chromium, &folder, "quickstart.html", 12);
    assert_eq!(seen["parents"].as_array().map(Vec::len), Some(2));
    folder.ok("profile in.csv --target y --report profile.html");
    let seen = check(&chromium, &folder, "profile.html", 5);
    let copied = seen["copied"].as_str().unwrap_or_default();
    assert!(
        copied.starts_with("class,safe,borderline,rare,outlier\r\ncommon,"),
        "{seen:#}"
    );
    for method in ["smote", "random-under-sampler", "eos", "smoteenn"] {
        folder.ok(&format!(
            "resample in.csv --target y --method {method} --report run.html"
        ));
        check(&chromium, &folder, "run.html", 6);
    }
    let words = "audit-leakage in.csv in.csv --target y --report leak.html";
    let ran = folder.run(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    check(&chromium, &folder, "leak.html", 4);
    folder.ok("quickstart --save-data --quiet --without-pictures");
    folder.ok("compare german-credit.csv.gz --target credit --methods none,weights,threshold,smote,smotenc,smoteenn --model naive-bayes,logistic --repeats 1 --draws 200 --report compare.html");
    check(&chromium, &folder, "compare.html", 7);
    folder.ok("compare yeast.csv.gz --target site --methods none,smotenc --model naive-bayes --repeats 1 --draws 200 --report many.html");
    check(&chromium, &folder, "many.html", 8);
    folder.ok("advise german-credit.csv.gz --target credit --report advice.html");
    check(&chromium, &folder, "advice.html", 10);
    folder.write(
        "p.csv",
        "t,p,s\na,a,0.2\nb,b,0.9\na,b,0.6\nb,b,0.7\na,a,0.1\nb,a,0.4\n",
    );
    folder.write("audit.csv", predictions());
    folder.ok("audit audit.csv -t y -p pred --group sex,town --favorable yes --report audit.html");
    let seen = check(&chromium, &folder, "audit.html", 7);
    assert!(seen["plots"].as_u64() >= Some(6), "{seen:#}");
    folder.ok("audit audit.csv -t y --group sex --report before.html");
    check(&chromium, &folder, "before.html", 6);
    folder.ok("compare german-credit.csv.gz --target credit --group sex --methods none,smote,fos --model logistic --repeats 1 --draws 200 --report fair.html");
    check(&chromium, &folder, "fair.html", 8);
    folder.ok("metrics p.csv --target t --prediction p --score s --report metrics.html");
    check(&chromium, &folder, "metrics.html", 3);
    folder.ok("reproduce fair-oversampling --on german --repeats 1 --draws 50 --report again.html");
    check(&chromium, &folder, "again.html", 8);
    folder.ok("train train-images-idx3-ubyte.gz --network lenet --optimizer adam --epochs 2 --output net.safetensors --report net.html");
    check(&chromium, &folder, "net.html", 4);
    folder.ok("evaluate net.safetensors train-images-idx3-ubyte.gz --report judged.html");
    check(&chromium, &folder, "judged.html", 3);
    folder.ok("deepsmote fit train-images-idx3-ubyte.gz --width 4 --latent-size 8 --epochs 2 --decoder mirror --output m.safetensors");
    folder.ok("deepsmote report m.safetensors train-images-idx3-ubyte.gz --network net.safetensors --report made.html");
    check(&chromium, &folder, "made.html", 5);
}
