//! Who gets a message: rmqtt's router, made to give each client one copy and to tell when the cloud speaks to nobody.

use super::dollar::{marked, unmarked};
use crate::event::Fact;
use crate::io::Inbox;
use async_trait::async_trait;
use rmqtt::Result;
use rmqtt::context::ServerContext;
use rmqtt::router::{DefaultRouter, Router};
use rmqtt::types::{
    AllRelationsMap, HashMap, Id, NodeId, Route, SubRelations, SubRelationsMap, SubsSearchParams, SubsSearchResult,
    SubscriptionOptions, TopicName,
};
use rmqtt::utils::Counter;
use std::borrow::Cow;

/// rmqtt's router with two changes in [`Router::matches`].
pub(super) struct Routes {
    inner: DefaultRouter,
    inbox: Inbox,
}

impl Routes {
    pub(super) fn new(context: &ServerContext, inbox: Inbox) -> Self {
        Self { inner: DefaultRouter::new(Some(context.clone())), inbox }
    }

    /// The cloud's message met no subscription. rmqtt's hook for that does not say which message it was. Clients' messages
    /// are left out: the workbench itself reads them, whoever subscribes.
    fn tell_unheard(&self, topic: &TopicName) {
        let reason = "nobody is subscribed".into();
        let _ = self.inbox.fact_from_runtime(Fact::MessageDropped {
            client: None,
            topic: topic.to_string().into(),
            reason,
        });
    }
}

/// Leaves each client the subscription with the highest `QoS`. A device that subscribes `…/#` itself would otherwise get a
/// push twice, and start two downloads.
fn leave_one_each(relations: &mut SubRelations) {
    if relations.len() > 1 {
        relations.sort_by(|(_, a, a_options, ..), (_, b, b_options, ..)| {
            a.cmp(b).then_with(|| b_options.qos_value().cmp(&a_options.qos_value()))
        });
        relations.dedup_by(|(_, later, ..), (_, first, ..)| later == first);
    }
}

#[async_trait]
impl Router for Routes {
    async fn matches(&self, from: Id, topic: &TopicName) -> Result<SubRelationsMap> {
        let by_cloud = from.remote_addr.is_none();
        let mut matches = match marked(topic) {
            Cow::Borrowed(_) => self.inner.matches(from, topic).await,
            Cow::Owned(held) => self.inner.matches(from, &held.into()).await,
        }
        .unwrap_or_default();
        for relations in matches.values_mut() {
            leave_one_each(relations);
            for (filter, ..) in relations.iter_mut() {
                if let Cow::Owned(known) = unmarked(filter) {
                    *filter = known.into();
                }
            }
        }
        if by_cloud && matches.values().all(Vec::is_empty) {
            self.tell_unheard(topic);
        }
        Ok(matches)
    }

    async fn add(&self, filter: &str, id: Id, options: SubscriptionOptions) -> Result<()> {
        self.inner.add(&marked(filter), id, options).await
    }

    async fn remove(&self, filter: &str, id: Id) -> Result<bool> {
        self.inner.remove(&marked(filter), id).await
    }

    async fn is_online(&self, node: NodeId, client: &str) -> bool {
        self.inner.is_online(node, client).await
    }

    async fn gets(&self, limit: usize) -> Vec<Route> {
        self.inner.gets(limit).await
    }

    async fn get(&self, topic: &str) -> Result<Vec<Route>> {
        self.inner.get(&marked(topic)).await
    }

    async fn query_subscriptions(&self, search: &SubsSearchParams) -> Vec<SubsSearchResult> {
        self.inner.query_subscriptions(search).await
    }

    async fn topics_tree(&self) -> usize {
        self.inner.topics_tree().await
    }

    fn topics(&self) -> Counter {
        self.inner.topics()
    }

    fn routes(&self) -> Counter {
        self.inner.routes()
    }

    fn merge_topics(&self, topics: &HashMap<NodeId, Counter>) -> Counter {
        self.inner.merge_topics(topics)
    }

    fn merge_routes(&self, routes: &HashMap<NodeId, Counter>) -> Counter {
        self.inner.merge_routes(routes)
    }

    async fn list_topics(&self, top: usize) -> Vec<String> {
        self.inner.list_topics(top).await
    }

    async fn list_relations(&self, top: usize) -> Vec<serde_json::Value> {
        self.inner.list_relations(top).await
    }

    fn relations(&self) -> &AllRelationsMap {
        self.inner.relations()
    }
}
