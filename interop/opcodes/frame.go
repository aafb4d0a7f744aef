package main

import (
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
)

// frame is the outermost frame of a transaction. Around it are the charges that a transaction makes from Amsterdam on
// (EIP-2780, EIP-8037), which core applies in a type that it does not export.
type frame struct {
	world   *world
	evm     *vm.EVM
	state   *state.StateDB
	message *message
	gas     vm.GasBudget
}

// newAccount is the charge for an account that did not exist.
func (f *frame) newAccount() uint64 {
	return params.AccountCreationSize * f.evm.Context.CostPerStateByte
}

func (f *frame) charge(cost vm.GasCosts) bool {
	_, ok := f.gas.Charge(cost)
	return ok
}

// settle takes the gas that the frame left over, and returns the charge for an account that was not created after all.
func (f *frame) settle(left vm.GasBudget, failure error, unused bool) {
	f.gas.Absorb(left, nil)
	if !f.world.rules.IsAmsterdam || failure == nil {
		return
	}
	if unused {
		f.gas.RefundState(f.newAccount())
	}
	if failure != vm.ErrExecutionReverted {
		f.gas.DrainExecution()
	}
}

func (f *frame) create() ([]byte, error) {
	m := f.message
	charged := false
	if f.world.rules.IsAmsterdam {
		nonce := f.state.GetNonce(m.Caller)
		if f.state.Empty(crypto.CreateAddress(m.Caller, nonce)) {
			if !f.charge(vm.GasCosts{StateGas: f.newAccount()}) {
				f.state.SetNonce(m.Caller, nonce+1, tracing.NonceChangeContractCreator)
				f.gas = f.gas.ExitHalt()
				return nil, vm.ErrOutOfGas
			}
			charged = true
		}
	}
	output, _, left, failure := f.evm.Create(m.Caller, m.Data, f.gas.ForwardAll(), uint256Of(m.Value))
	f.settle(left, failure, charged)
	return output, failure
}

func (f *frame) call() ([]byte, error) {
	m := f.message
	f.state.SetNonce(m.Caller, f.state.GetNonce(m.Caller)+1, tracing.NonceChangeEoACall)
	if f.world.rules.IsAmsterdam {
		snapshot := f.state.Snapshot()
		if !f.chargeRecipient() {
			f.state.RevertToSnapshot(snapshot)
			f.gas = f.gas.ExitHalt()
			return nil, vm.ErrOutOfGas
		}
	} else if target, ok := types.ParseDelegation(f.state.GetCode(*m.To)); ok {
		f.state.AddAddressToAccessList(target)
	}
	output, left, failure := f.evm.Call(m.Caller, *m.To, m.Data, f.gas.ForwardAll(), uint256Of(m.Value))
	f.settle(left, failure, !uint256Of(m.Value).IsZero() && f.state.Empty(*m.To))
	return output, failure
}

// chargeRecipient charges for a new account that gets the value, and for reading the target of a delegation.
func (f *frame) chargeRecipient() bool {
	m := f.message
	if !uint256Of(m.Value).IsZero() && f.state.Empty(*m.To) && !f.charge(vm.GasCosts{StateGas: f.newAccount()}) {
		return false
	}
	if target, ok := types.ParseDelegation(f.state.GetCode(*m.To)); ok {
		cost := uint64(params.ColdAccountAccessAmsterdam)
		if f.state.AddressInAccessList(target) {
			cost = params.WarmAccountAccessAmsterdam
		}
		if !f.charge(vm.GasCosts{ExecutionGas: cost}) {
			return false
		}
		f.state.AddAddressToAccessList(target)
	}
	return true
}
