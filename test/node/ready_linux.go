package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const readyPoll = 200 * time.Millisecond

// awaitNode waits until Pods can be made and would run.
func (n *Node) awaitNode(ctx context.Context) error {
	config, err := n.RESTConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		last := nodeReady(ctx, client)
		if last == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-n.ended:
			return fmt.Errorf("the cluster ended (%w):\n%s", n.err, n.tail())
		case <-ctx.Done():
			return fmt.Errorf("the node did not become ready: %w (%w)\n%s", context.Cause(ctx), last, n.tail())
		}
	}
}

func nodeReady(ctx context.Context, client kubernetes.Interface) error {
	node, err := client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return fmt.Errorf("%s: %s", c.Reason, c.Message)
		}
	}
	if len(node.Spec.Taints) > 0 {
		return fmt.Errorf("it is tainted: %v", node.Spec.Taints)
	}
	if len(node.Status.Conditions) == 0 {
		return errors.New("it says nothing of itself yet")
	}
	_, err = client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	return err
}
