//! Events become bars on a terminal, lines of JSON, or nothing.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use counterpoise::{Event, Observer};
use indicatif::{
    HumanCount, HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};

static STOP: AtomicBool = AtomicBool::new(false);

/// A task that says nothing for so long has ended, or will say when it goes on.
const SILENT: Duration = Duration::from_secs(3);

/// Shows how tasks go on, and carries Ctrl-C to them.
pub(crate) struct Progress {
    json: bool,
    quiet: bool,
    bars: MultiProgress,
    tasks: Mutex<Vec<Running>>,
}

/// A task under way; some run side by side.
struct Running {
    task: String,
    bar: Option<ProgressBar>,
    started: Instant,
    heard: Instant,
    told: Option<Instant>,
    /// Where it was when it was first heard, where it is, and where it ends.
    first: u64,
    done: u64,
    total: u64,
}

impl Progress {
    /// Listens to Ctrl-C: the first asks tasks to stop at a safe point, the second ends the program.
    pub(crate) fn start(json: bool, quiet: bool) -> Self {
        let _ = ctrlc::set_handler(move || {
            if STOP.swap(true, Ordering::SeqCst) {
                counterpoise::remove_partial_files();
                std::process::exit(130);
            }
            // A model that is being fitted cannot be stopped half way.
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(2));
                let message = "stopping when the work under way is done; Ctrl-C once more ends at once";
                if json {
                    eprintln!("{}", serde_json::json!({"event": "stopping", "message": message}));
                } else {
                    eprintln!("{message}");
                }
            });
        });
        Self {
            json,
            quiet,
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)),
            tasks: Mutex::default(),
        }
    }

    /// Takes all bars off the screen.
    pub(crate) fn end(&self) {
        self.keep(|_| false);
    }

    fn keep(&self, wanted: impl Fn(&Running) -> bool) {
        if let Ok(mut tasks) = self.tasks.lock() {
            tasks.retain(|running| {
                let wanted = wanted(running);
                if let Some(bar) = running.bar.as_ref().filter(|_| !wanted) {
                    bar.finish_and_clear();
                    self.bars.remove(bar);
                }
                wanted
            });
        }
    }

    /// One line an epoch, above the bars; in a file that is not a terminal, some twenty lines in all.
    fn epoch(&self, task: &str, epoch: u64, of: u64, numbers: &[(&str, f64)]) {
        if self.json {
            let numbers: serde_json::Map<String, serde_json::Value> = numbers
                .iter()
                .map(|&(name, number)| (name.to_owned(), number.into()))
                .collect();
            let line = serde_json::json!({"event": "epoch", "task": task, "epoch": epoch, "of": of, "numbers": numbers});
            eprintln!("{line}");
            return;
        }
        let numbers: Vec<String> = numbers
            .iter()
            .map(|(name, number)| format!("{name} {number:.4}"))
            .collect();
        let line = format!("{task}: epoch {epoch} of {of}, {}", numbers.join(", "));
        if !self.bars.is_hidden() {
            let _ = self.bars.println(line);
        } else if epoch.is_multiple_of((of / 20).max(1)) || epoch == of {
            eprintln!("{line}{}", self.left(task));
        }
    }

    /// A line above the bars, for people.
    pub(crate) fn say(&self, line: &str) {
        if self.quiet || self.json {
            return;
        }
        if self.bars.is_hidden() {
            eprintln!("{line}");
        } else {
            let _ = self.bars.println(line);
        }
    }

    /// Where networks compute, in a line.
    fn card(&self, name: &str, software: bool) {
        if self.json {
            let line = serde_json::json!({"event": "card", "name": name, "software": software});
            eprintln!("{line}");
        } else if software {
            eprintln!(
                "computing on {name}: a program that plays a graphics card, slower than `--device cpu`"
            );
        } else {
            eprintln!("computing on {name}");
        }
    }

    /// How much longer a task takes, where it is long.
    fn left(&self, task: &str) -> String {
        let Ok(tasks) = self.tasks.lock() else {
            return String::new();
        };
        let Some(running) = tasks.iter().find(|running| running.task == task) else {
            return String::new();
        };
        let elapsed = running.heard.duration_since(running.started);
        let (done, todo) = (
            running.done.saturating_sub(running.first),
            running.total.saturating_sub(running.done),
        );
        if elapsed < Duration::from_secs(2) || done == 0 || todo == 0 {
            return String::new();
        }
        let seconds = elapsed.as_secs_f64() / done as f64 * todo as f64;
        let left = Duration::try_from_secs_f64(seconds.ceil()).unwrap_or_default();
        format!(", {} left", HumanDuration(left))
    }

    fn progress(&self, task: &str, done: u64, total: u64) {
        self.keep(|running| running.task == task || running.heard.elapsed() < SILENT);
        let Ok(mut tasks) = self.tasks.lock() else { return };
        let place = tasks.iter().position(|running| running.task == task);
        let place = place.unwrap_or_else(|| {
            tasks.push(Running {
                task: task.into(),
                bar: None,
                started: Instant::now(),
                heard: Instant::now(),
                told: None,
                first: done,
                done,
                total,
            });
            tasks.len() - 1
        });
        let running = &mut tasks[place];
        running.heard = Instant::now();
        (running.done, running.total) = (done, total);
        if self.json {
            let due = running
                .told
                .is_none_or(|told| told.elapsed() > Duration::from_millis(500));
            if due {
                running.told = Some(running.heard);
                eprintln!(
                    "{}",
                    serde_json::json!({"event": "progress", "task": task, "done": done, "total": total})
                );
            }
            return;
        }
        // A bar that flashes by is noise.
        let elapsed = running.started.elapsed();
        if elapsed < Duration::from_millis(700) {
            return;
        }
        let bar = running
            .bar
            .get_or_insert_with(|| self.bars.add(bar(task, total, elapsed)));
        if total > 0 {
            bar.set_length(total);
        }
        bar.set_position(done);
    }
}

/// A bar for a task that began `started` ago. Rate and time left are those of the whole task so far.
fn bar(task: &str, total: u64, started: Duration) -> ProgressBar {
    // It draws nothing before it is among the others.
    let bar = ProgressBar::with_draw_target((total > 0).then_some(total), ProgressDrawTarget::hidden())
        .with_elapsed(started);
    let template = if total > 0 {
        "{msg} [{bar:28}] {percent:>3} %  {human_pos} of {human_len}, {rate} a second, {left} left"
    } else {
        "{msg} {spinner} {human_pos}, {rate} a second"
    };
    let rate = |state: &ProgressState| state.pos() as f64 / state.elapsed().as_secs_f64().max(1e-3);
    if let Ok(style) = ProgressStyle::with_template(template) {
        let style = style
            .progress_chars("=> ")
            .with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
                let _ = match rate(state) {
                    slow if slow < 10.0 => write!(out, "{slow:.1}"),
                    quick => write!(out, "{}", HumanCount(quick as u64)),
                };
            })
            .with_key("left", move |state: &ProgressState, out: &mut dyn Write| {
                if state.pos() == 0 {
                    let _ = out.write_str("unknown time");
                    return;
                }
                let todo = state.len().unwrap_or(0).saturating_sub(state.pos());
                let seconds = todo as f64 / rate(state).max(1e-9);
                let left = Duration::try_from_secs_f64(seconds.ceil()).unwrap_or_default();
                let _ = write!(out, "{}", HumanDuration(left));
            });
        bar.set_style(style);
    }
    bar.set_message(task.to_owned());
    bar
}

impl Observer for Progress {
    fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
        if STOP.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        if self.quiet {
            return ControlFlow::Continue(());
        }
        match event {
            Event::Progress { task, done, total } => self.progress(task, *done, *total),
            Event::Epoch {
                task,
                epoch,
                of,
                numbers,
            } => self.epoch(task, *epoch, *of, numbers),
            Event::Card { name, software } => self.card(name, *software),
            Event::Finished { task } => {
                self.keep(|running| running.task != *task);
                if self.json {
                    eprintln!("{}", serde_json::json!({"event": "finished", "task": task}));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
