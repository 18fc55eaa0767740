use counterpoise_base::{Event, Observer};
use counterpoise_deep::DeviceKind;

use crate::Error;
use crate::memory::has_room;

/// Fails for a device that is not there, before anything is read, and says which card is used.
pub(crate) fn look_for(device: DeviceKind, observer: &dyn Observer) -> Result<(), Error> {
    if let Some(card) = device.card()? {
        let event = Event::Card {
            name: &card.name,
            software: card.software,
        };
        let _ = observer.observe(&event);
    }
    Ok(())
}

/// Refuses networks that the memory where they live has no room for. What is free on a card of its own memory nobody tells.
pub(crate) fn has_room_on(
    device: DeviceKind,
    needed: u128,
    place: &str,
    what: &str,
    hint: &str,
) -> Result<(), Error> {
    if device.card()?.is_none_or(|card| card.shares_memory) {
        return has_room(needed, place, what, hint);
    }
    Ok(())
}
