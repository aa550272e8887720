package observe

// Hooks are called as things happen. Every field may be nil. The package comment has
// the contract.
type Hooks struct {
	// Started: the replica's Run has begun. It is the first call.
	Started func(Started)
	// Joined: the replica's member Lease is written, so the others can know of it.
	Joined func(Joined)
	// Left: everything has ended. It is the last call.
	Left func(Left)

	// CampaignStarted and CampaignEnded: one run of a LeaderElector for a free Lease.
	CampaignStarted func(CampaignStarted)
	CampaignEnded   func(CampaignEnded)

	// Elected: a term of this replica has begun.
	Elected func(Elected)
	// ReconcilerStarted: the reconciler of the term was started, after
	// coordinator.Options.Admitted.
	ReconcilerStarted func(ReconcilerStarted)
	// DrainStarted: the reconciler was told to stop.
	DrainStarted func(DrainStarted)
	// ReconcilerReturned: it has ended, told to or by itself.
	ReconcilerReturned func(ReconcilerReturned)
	// Released: the term is over and the Lease is free.
	Released func(Released)
	// Lost: the term is over and this replica has not freed the Lease.
	Lost func(Lost)
	// Stuck: the reconciler has not returned although it had to.
	Stuck func(Stuck)

	// Renewed and RenewalFailed: one renewal of a term's Lease was answered, or had no
	// answer in time. A conflict with somebody who edits the Lease is neither: it is tried
	// again at once.
	Renewed       func(Renewed)
	RenewalFailed func(RenewalFailed)
	// Fenced: writes of a term that is over were refused or cancelled.
	Fenced func(Fenced)

	// Vacant and Taken: the shard has no owner any more, or has one again, whoever it is.
	Vacant func(Vacant)
	Taken  func(Taken)
	// Planned: the number of shards that are not where the plan has them has changed.
	Planned func(Planned)

	// ProblemBegan and ProblemEnded: something fails and is tried again, or works again.
	ProblemBegan func(ProblemBegan)
	ProblemEnded func(ProblemEnded)
	// LeaseRequest: a request for Leases was answered, or was not.
	LeaseRequest func(LeaseRequest)
}

// Event is one of the types that hooks take.
type Event interface{ call(*Hooks) }

// Call calls the hook for an event, if there is one.
func (h *Hooks) Call(e Event) { e.call(h) }

// Each returns hooks that give every event to one function.
func Each(f func(Event)) *Hooks {
	return &Hooks{
		Started: to[Started](f), Joined: to[Joined](f), Left: to[Left](f),
		CampaignStarted: to[CampaignStarted](f), CampaignEnded: to[CampaignEnded](f),
		Elected: to[Elected](f), ReconcilerStarted: to[ReconcilerStarted](f),
		DrainStarted: to[DrainStarted](f), ReconcilerReturned: to[ReconcilerReturned](f),
		Released: to[Released](f), Lost: to[Lost](f), Stuck: to[Stuck](f),
		Renewed: to[Renewed](f), RenewalFailed: to[RenewalFailed](f), Fenced: to[Fenced](f),
		Vacant: to[Vacant](f), Taken: to[Taken](f), Planned: to[Planned](f),
		ProblemBegan: to[ProblemBegan](f), ProblemEnded: to[ProblemEnded](f), LeaseRequest: to[LeaseRequest](f),
	}
}

func to[E Event](f func(Event)) func(E) { return func(e E) { f(e) } }

// Tee returns hooks that call those of all, in order. A nil one is passed over.
func Tee(all ...*Hooks) *Hooks {
	return Each(func(e Event) {
		for _, h := range all {
			if h != nil {
				e.call(h)
			}
		}
	})
}

// call calls a hook that may be nil.
func call[E any](hook func(E), e E) {
	if hook != nil {
		hook(e)
	}
}

func (e Started) call(h *Hooks)            { call(h.Started, e) }
func (e Joined) call(h *Hooks)             { call(h.Joined, e) }
func (e Left) call(h *Hooks)               { call(h.Left, e) }
func (e CampaignStarted) call(h *Hooks)    { call(h.CampaignStarted, e) }
func (e CampaignEnded) call(h *Hooks)      { call(h.CampaignEnded, e) }
func (e Elected) call(h *Hooks)            { call(h.Elected, e) }
func (e ReconcilerStarted) call(h *Hooks)  { call(h.ReconcilerStarted, e) }
func (e DrainStarted) call(h *Hooks)       { call(h.DrainStarted, e) }
func (e ReconcilerReturned) call(h *Hooks) { call(h.ReconcilerReturned, e) }
func (e Released) call(h *Hooks)           { call(h.Released, e) }
func (e Lost) call(h *Hooks)               { call(h.Lost, e) }
func (e Stuck) call(h *Hooks)              { call(h.Stuck, e) }
func (e Renewed) call(h *Hooks)            { call(h.Renewed, e) }
func (e RenewalFailed) call(h *Hooks)      { call(h.RenewalFailed, e) }
func (e Fenced) call(h *Hooks)             { call(h.Fenced, e) }
func (e Vacant) call(h *Hooks)             { call(h.Vacant, e) }
func (e Taken) call(h *Hooks)              { call(h.Taken, e) }
func (e Planned) call(h *Hooks)            { call(h.Planned, e) }
func (e ProblemBegan) call(h *Hooks)       { call(h.ProblemBegan, e) }
func (e ProblemEnded) call(h *Hooks)       { call(h.ProblemEnded, e) }
func (e LeaseRequest) call(h *Hooks)       { call(h.LeaseRequest, e) }
