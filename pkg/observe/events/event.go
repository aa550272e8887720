package events

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode/utf8"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// Reporter is the Events' reportingController.
const Reporter = "kindred.dev/coordinator"

// Reasons of the Events.
const (
	// Elected: a replica owns the kind.
	Elected = "Elected"
	// HandedOver: its term has ended and the Lease is free, or another's already.
	HandedOver = "HandedOver"
	// Lost: its term has ended and it has not freed the Lease.
	Lost = "Lost"
	// Stuck: its reconciler has not returned although it had to.
	Stuck = "Stuck"
	// WriteRefused: something wrote under the term after it was over, and was stopped.
	WriteRefused = "WriteRefused"
)

// actions are what was being done: the API wants one.
var actions = map[string]string{
	Elected: "Electing", HandedOver: "HandingOver", Lost: "Owning", Stuck: "Stopping", WriteRefused: "Fencing",
}

// Bounds of the API server (k8s.io/kubernetes/pkg/apis/core/validation/events.go).
const (
	longestNote     = 1024
	longestInstance = 128
	longestName     = 253
)

// fact is what an Event is made of.
type fact struct {
	at      time.Time
	term    lease.Term
	reason  string // of the Event
	warning bool
	note    string
	why     observe.Reason
	to      string
	after   observe.Vacancy
	without time.Duration
	held    time.Duration
}

// reporter is who reports.
type reporter struct {
	component         string
	podNamespace      string
	podName, podUID   string
	reportingIdentity string
}

// events returns the Events about a fact: one regarding the Lease, and one regarding
// the Pod if it is known.
func (r reporter) events(f fact) []*eventsv1.Event {
	about := corev1.ObjectReference{
		APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: "Lease",
		Namespace: f.term.Namespace, Name: f.term.Lease, UID: types.UID(f.term.UID),
	}
	pod := corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: r.podNamespace, Name: r.podName, UID: types.UID(r.podUID)}
	if pod.UID == "" || pod.Name == "" || pod.Namespace == "" {
		return []*eventsv1.Event{r.event(f, about, nil)}
	}
	return []*eventsv1.Event{r.event(f, about, &pod), r.event(f, pod, &about)}
}

func (r reporter) event(f fact, regarding corev1.ObjectReference, related *corev1.ObjectReference) *eventsv1.Event {
	annotations := map[string]string{
		lease.AnnotationTerm: f.term.Token(), lease.AnnotationHolder: f.term.Holder, lease.AnnotationReason: f.why.Name,
	}
	if f.to != "" {
		annotations[lease.AnnotationTo] = f.to
	}
	if f.after != "" {
		annotations[lease.AnnotationAfter] = string(f.after)
	}
	if f.without > 0 {
		annotations[lease.AnnotationWithout] = f.without.String()
	}
	if f.held > 0 {
		annotations[lease.AnnotationHeld] = f.held.String()
	}
	kind := corev1.EventTypeNormal
	if f.warning {
		kind = corev1.EventTypeWarning
	}
	return &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: regarding.Namespace, Name: nameOf(f, regarding), Annotations: annotations,
			Labels: lease.ComponentLabels(r.component),
		},
		EventTime: metav1.NewMicroTime(f.at), Type: kind, Reason: f.reason, Action: actions[f.reason],
		Regarding: regarding, Related: related, Note: cut(f.note, longestNote),
		ReportingController: Reporter, ReportingInstance: cut(r.reportingIdentity, longestInstance),
	}
}

// nameOf returns the same name for the same fact of the same term, so that a request
// which is sent again because its answer was lost makes no second Event.
func nameOf(f fact, regarding corev1.ObjectReference) string {
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, f.term.Token(), "\x00", f.term.Holder, "\x00", f.term.Lease, "\x00", f.reason) // never fails
	name := cut(regarding.Name, longestName-17)
	return fmt.Sprintf("%s.%016x", strings.TrimRight(name, ".-"), sum.Sum64())
}

// cut returns what fits of a text.
func cut(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	text = text[:bytes]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text
}
