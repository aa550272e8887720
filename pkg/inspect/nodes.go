package inspect

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// Nodes finds out where replicas run, from their Pods. It asks once for each replica,
// and not again when it may not read Pods. One goroutine at a time may use it.
type Nodes struct {
	pods  corev1client.PodsGetter
	known map[replicaKey]string
	// refused: this user may not read Pods, which is no failure.
	refused bool
}

// NewNodes returns one that has asked nothing yet.
func NewNodes(pods corev1client.PodsGetter) *Nodes {
	return &Nodes{pods: pods, known: map[replicaKey]string{}}
}

// FillNodes sets Node of the replicas and kinds of which it can be known: those whose
// Pod is in the namespace of the Leases and has the UID that the replica says.
func (s *Snapshot) FillNodes(ctx context.Context, nodes *Nodes) {
	for i := range s.Replicas {
		r := &s.Replicas[i]
		r.Node = nodes.of(ctx, r)
		for j := range s.Kinds {
			if k := &s.Kinds[j]; k.fleet() == r.fleet() && k.Holder == r.Identity {
				k.Node = r.Node
			}
		}
	}
}

func (n *Nodes) of(ctx context.Context, r *Replica) string {
	key := replicaKey{r.fleet(), r.Identity}
	if node, known := n.known[key]; known || n.refused || !r.Alive {
		return node
	}
	pod, err := n.pods.Pods(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		n.refused = true
		return ""
	case apierrors.IsNotFound(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		n.known[key] = "" // not a Pod, or not here
		return ""
	case err != nil:
		return "" // another time
	case r.PodUID != "" && string(pod.UID) != r.PodUID:
		return ""
	}
	n.known[key] = pod.Spec.NodeName
	return pod.Spec.NodeName
}
