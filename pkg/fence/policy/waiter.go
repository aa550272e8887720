package policy

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// Waiter returns WaitUntilSeen as the coordinator calls it at the start of each
// term (coordinator.Options.Admitted). config is this Pod's own and may be guarded;
// namespace is where the component's objects are, "" for all. It makes no request
// before the first call, and remembers what the discovery API says. Safe for
// concurrent use.
func Waiter(config *rest.Config, namespace string) (func(ctx context.Context, kind schema.GroupKind) error, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making the dynamic client: %w", err)
	}
	asked, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making the discovery client: %w", err)
	}
	cached := memory.NewMemCacheClientWithContext(discovery.ToDiscoveryInterfaceWithContext(asked))
	mapper := restmapper.NewDeferredDiscoveryRESTMapperWithContext(cached)
	return func(ctx context.Context, kind schema.GroupKind) error {
		mapping, err := mapper.RESTMappingWithContext(ctx, kind)
		if err != nil {
			return fmt.Errorf("waiting until the API server has seen who owns %s now: finding its resource: %w", kind, err)
		}
		return WaitUntilSeen(ctx, client, mapping.Resource, namespace)
	}, nil
}
