//! A stream out of an async block that owns what it borrows from.

use std::future::{Future, ready};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::mpsc;

/// The items that `producer` sends, until it ends. Nothing is spawned: the producer runs while the
/// stream is polled, and is dropped with it.
pub(crate) fn produced<T, Producer, Work>(producer: Producer) -> BoxStream<'static, T>
where
    T: Send + 'static,
    Producer: FnOnce(mpsc::Sender<T>) -> Work,
    Work: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(1);
    let items = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|item| (item, receiver))
    });
    let work = stream::once(producer(sender)).filter_map(|()| ready(None));
    stream::select(items, work).boxed()
}
