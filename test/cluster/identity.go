package cluster

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// tokenSeconds is longer than any test or demo runs, so nothing has to renew tokens.
const tokenSeconds = 24 * 60 * 60

// ServiceAccountConfig makes the ServiceAccount, and its namespace, unless they are there, and returns a configuration
// with a token for it. Until RBAC grants it something it may do nothing.
//
// With a pod the token is bound to it, as the token that a kubelet mounts is: the API server adds the pod's name and UID
// to the identity, and refuses the token once the pod is gone. The Pod must exist and name the ServiceAccount in its
// spec; it need not run.
func (c *Cluster) ServiceAccountConfig(ctx context.Context, namespace, name string, pod *corev1.Pod) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(c.cfg)
	if err != nil {
		return nil, err
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if _, err := client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("make the namespace: %w", err)
	}
	accounts := client.CoreV1().ServiceAccounts(namespace)
	sa := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := accounts.Create(ctx, sa, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("make the service account: %w", err)
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenSeconds))}}
	if pod != nil {
		request.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{
			APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID,
		}
	}
	token, err := accounts.CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("ask for a token: %w", err)
	}
	cfg := rest.AnonymousClientConfig(c.cfg)
	cfg.BearerToken = token.Status.Token
	return cfg, nil
}
