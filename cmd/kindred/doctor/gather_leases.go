package doctor

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// leases lists the Leases, and watches what becomes of them.
func (g *gatherer) leases(ctx context.Context) error {
	s := g.state
	list, err := inspect.List(ctx, g.client.CoordinationV1(), s.query)
	if err != nil {
		return err
	}
	s.leases, s.at = list.Items, time.Now()
	s.before = inspect.Build(s.leases, s.at)
	s.after = s.before
	if g.watch <= 0 || len(s.leases) == 0 {
		return nil
	}
	began := s.at
	if err := g.watchLeases(ctx, list.ResourceVersion); err != nil {
		g.miss("timings", "watch", "leases", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.at = time.Now()
	s.watched = s.at.Sub(began)
	s.after = inspect.Build(s.leases, s.at)
	return nil
}

// watchLeases keeps the Leases up to date for as long as asked, and notes renewals.
func (g *gatherer) watchLeases(ctx context.Context, version string) error {
	s := g.state
	stream, err := g.client.CoordinationV1().Leases(s.query.Namespace).Watch(ctx, metav1.ListOptions{
		LabelSelector: s.query.Selector(), ResourceVersion: version,
	})
	if err != nil {
		return err
	}
	defer stream.Stop()
	type key struct{ namespace, name string }
	current := map[key]coordinationv1.Lease{}
	for _, l := range s.leases {
		current[key{l.Namespace, l.Name}] = l
	}
	timer := time.NewTimer(g.watch)
	defer timer.Stop()
	for over := false; !over; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			over = true
		case event, open := <-stream.ResultChan():
			if !open {
				over = true // the rest is shorter, and no wrong
				break
			}
			l, is := event.Object.(*coordinationv1.Lease)
			switch {
			case !is:
			case event.Type == apiwatch.Deleted:
				delete(current, key{l.Namespace, l.Name})
			default:
				current[key{l.Namespace, l.Name}] = *l
				g.renewed(l)
			}
		}
	}
	s.leases = s.leases[:0:0]
	for _, l := range current {
		s.leases = append(s.leases, l)
	}
	return nil
}

func (g *gatherer) renewed(l *coordinationv1.Lease) {
	if l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" || l.Spec.RenewTime == nil {
		return
	}
	g.state.renewals = append(g.state.renewals, renewal{
		namespace: l.Namespace, lease: l.Name, holder: *l.Spec.HolderIdentity,
		renewed: l.Spec.RenewTime.Time, at: time.Now(),
	})
}
