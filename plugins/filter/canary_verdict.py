# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of a test page."""

from __future__ import annotations

DOCUMENTATION = r"""
name: canary_verdict
short_description: Say whether a test page arrived, and whether the network or the fax is to blame
version_added: "0.1.0"
description:
  - Delivered is what the receiving server has, by the page's own mark and picture. What a job says of itself counts for
    nothing.
  - The role P(faxnet.deploy.canary#role) gathers what this filter judges.
positional: _input
options:
  _input:
    description:
      - What was found. C(sent) is what M(faxnet.deploy.fax_send) returned, C(server) and C(receiver) what
        M(faxnet.deploy.hylafax_info) returned on the server that was to send and on the one that was to receive, empty
        where it could not look, C(flows) the packets of P(faxnet.deploy.flow_probes#filter) with their C(outcome),
        C(unlike) the largest share of a page's dots that may differ, C(seconds) how long it was waited.
    type: dict
    required: true
seealso:
  - module: faxnet.deploy.fax_send
  - module: faxnet.deploy.hylafax_info
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Say what came of it
  ansible.builtin.debug:
    msg: "{{ ({'sent': sent, 'receiver': receiver, 'unlike': 0.02, 'seconds': 120}
      | faxnet.deploy.canary_verdict).text }}"
"""

RETURN = r"""
_value:
  description: What came of it.
  type: dict
  contains:
    delivered: {description: "Whether the page is there, whole and unspoilt.", type: bool, sample: false}
    blame: {description: "V(network) or V(fax); empty where it was delivered.", type: str, sample: network}
    text: {description: What was found., type: str, sample: "packets of iax2.iax/fl-fax>exchange do not get through"}
    cure: {description: What to do; empty where nothing is., type: str, sample: "trace it"}
"""

from typing import ClassVar

from ..plugin_utils.faces.canary import canary_verdict
from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"canary_verdict": canary_verdict}
    refusals = (InputError,)
    plain = True
