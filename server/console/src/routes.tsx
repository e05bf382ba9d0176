/** Which address shows which page. */
import { createBrowserRouter } from "react-router"
import { AccountsPage } from "./accounts/AccountsPage"
import { AuditTrailPage } from "./accounts/AuditTrailPage"
import { SessionGate } from "./accounts/SessionGate"
import { ScreensPage } from "./screens/ScreensPage"
import { Frame } from "./shell/Frame"
import { Crashed, NoSuchPage } from "./shell/NoSuchPage"

export const router = createBrowserRouter([
  {
    element: <SessionGate />,
    errorElement: <Crashed />,
    children: [
      {
        element: <Frame />,
        errorElement: <Crashed />,
        children: [
          { path: "/screens", element: <ScreensPage /> },
          { path: "/accounts", element: <AccountsPage /> },
          { path: "/audit-trail", element: <AuditTrailPage /> },
          { path: "*", element: <NoSuchPage /> },
        ],
      },
    ],
  },
])
